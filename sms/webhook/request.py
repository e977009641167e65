"""One callback as bytes. Built from the same values it is the same bytes at every try."""

import re
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote_plus

from yarl import URL

from sms.webhook.signature import signature_headers
from sms.webhook.url import check_url, parse_url


@dataclass(frozen=True, slots=True)
class Request:
    """One call of an account's URL."""

    key: int
    """The caller's; comes back in the `Answer`."""
    url: str
    method: Literal["POST", "GET"]
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    """Sent in this order: in the body with POST, after the URL's own query with GET."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    encoded: bytes | None = field(default=None, repr=False)
    """The body, where `signed` has written it already."""
    body_bytes: int = 0
    """How much of the answer's body the caller wants to have."""

    @property
    def target(self) -> URL:
        """The URL that is asked for, where `check_url` accepts it."""
        return parse_url(self.url if self.method == "POST" else self._url_with_fields())

    @property
    def body(self) -> bytes | None:
        """The form with POST; None with GET."""
        if self.encoded is not None:
            return self.encoded
        return self._form().encode() if self.method == "POST" else None

    def signed(self, *, secret: str, webhook_id: str, timestamp: int) -> "Request":
        """Copy it with the Standard Webhooks headers.

        The signature covers the body with POST, and the whole query string with GET. A URL
        of bad form stays unsigned: no request will leave.

        Raises ValueError for a secret of another form than `whsec_<base64>`.
        """
        if check_url(self.url) is not None:
            return self
        body = self.body
        signature = signature_headers(
            secret=secret,
            webhook_id=webhook_id,
            timestamp=timestamp,
            body=self.target.raw_query_string.encode() if body is None else body,
        )
        return replace(self, headers=self.headers + signature, encoded=body)

    def _form(self) -> str:
        return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in self.fields)

    def _url_with_fields(self) -> str:
        url = self.url.partition("#")[0]
        if "?" not in url:
            joint = "?"
        else:
            joint = "" if url.endswith(("?", "&")) else "&"
        return url + joint + self._form()


_UNSAFE = re.compile(rb"[^A-Za-z0-9_.~-]")
_ESCAPES = {bytes((octet,)): quote_plus(bytes((octet,))).encode() for octet in range(0x100)}


def _escaped(text: str) -> str:
    """Write a name or a value of a form; the library's own looks at each of its octets."""
    if text.isalnum() and text.isascii():
        return text
    octets = text.encode("utf-8", errors="replace")
    return _UNSAFE.sub(lambda found: _ESCAPES[found[0]], octets).decode("ascii")
