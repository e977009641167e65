"""What a reader is told first, in Markdown."""

DESCRIPTION = """\
Send SMS, see what became of them, and set up the accounts, numbers and clients that do so.
Compatible with the RestComm API, version 2012-04-24.

**Addresses.** Everything is served alike below `/api/2012-04-24`, `/restcomm/2012-04-24` and
`/2012-04-24`; this document shows the first. A trailing slash changes nothing.

**Formats.** A suffix `.json` or `.xml`, on any segment of the path, decides how an answer is
written (`Messages.json`, `Accounts.json/AC…`). Without one the `Accept` header does; without
either it is JSON below `/api` and XML below the two other prefixes. Requests are forms:
`application/x-www-form-urlencoded`, in UTF-8. Parameters are case-sensitive; of one that is
repeated the first value counts; unknown ones are ignored. Write the `+` of a number as `%2B`.

**Credentials.** HTTP Basic: an account's sid or e-mail address as user name, its auth token or
password as password. An account reaches what is its own and its sub-accounts'. The role
`Developer` may only read.

**Errors.** Every error has a body, in the format of the answer: `message` for people, `error` and
`code` for programs, `status` as in the status line. A method that a resource has not is answered
with 405 and an `Allow` header; a path that leads nowhere with 404, but to strangers with 401.
"""

ACCOUNT = "An account's sid or e-mail address: the caller's own, or a sub-account's."

SEND = """\
The message is accepted and sent in the background: ask for it again, or give a `StatusCallback`,
to see what became of it. A body that GSM 03.38 cannot write goes out as UCS-2; long ones are
split into segments.
"""

LIST = """\
Newest first, in pages; follow `next_page_uri` until it is the text `"null"`. All filters must
match. Links keep the filters. A list that the database would take too long over is answered
with 503 and `error` `LIST_TIMEOUT`.
"""

STATUS_CALLBACK = """\
Sent at most twice a message: `sent` or `failed` when the carrier has answered, then `delivered`,
`undelivered` or `failed` when its receipt is in; in this order, at least once each. Anything but a
2xx is tried again for 24 hours; 410 ends it. Redirects are not followed. With
`StatusCallbackMethod=GET` the same parameters follow the URL's own query. Signed as
[Standard Webhooks](https://www.standardwebhooks.com) lays down, over `id.timestamp.content`,
where the content is the form with POST, and the whole query string with GET.
"""

NEW_ACCOUNT = """\
Also gives it a client named like its address, where that login is free. Nobody knows that
client's password: change it before the client registers. The new account has no limits of
its own; what it asks for and sends counts for the accounts above it, too.
"""

UPDATE = "What is not given stays as it is."
