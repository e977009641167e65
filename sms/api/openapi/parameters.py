"""Parameters of paths, queries and headers."""

from typing import Any

from sms.api.openapi import text
from sms.api.pagination import MAX_LIMIT, MAX_PAGE_SIZE, PAGE_SIZE
from sms.lifecycle import Status
from sms.models.idempotency import LONGEST_KEY

Parameter = dict[str, Any]


def _path(name: str, description: str) -> Parameter:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1},
    }


def _query(name: str, description: str, **schema: Any) -> Parameter:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "allowEmptyValue": True,  # means the same as leaving it out
        "schema": {"type": "string", **schema},
    }


ACCOUNT = _path("account", text.ACCOUNT)


def sid(what: str) -> Parameter:
    """Describe the last segment of a path that shows one thing."""
    return _path("sid", f"The sid of the {what}.")


IDEMPOTENCY_KEY: Parameter = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "Lets a request be repeated without sending twice: for 24 hours the same key with the same "
        "parameters gives the first answer again, with others a 422."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}

PAGES = (
    _query("Page", "Which page, counted from 0.", type="integer", minimum=0, default=0),
    _query(
        "PageSize",
        f"How many items a page has; more than {MAX_PAGE_SIZE} is taken as that.",
        type="integer",
        minimum=1,
        default=PAGE_SIZE,
    ),
    _query(
        "Limit",
        f"How many items the whole list has at most; more than {MAX_LIMIT} is taken as that.",
        type="integer",
        minimum=1,
        default=MAX_LIMIT,
    ),
    _query(
        "AfterSid",
        "Go on after this item, wherever new ones have moved the pages meanwhile; "
        "`next_page_uri` has it.",
    ),
)

_PARTY = (
    "Compared by digits, without `+`. With a `%` or `*`, which stand for anything, it is a pattern "
    "that may begin anywhere."
)
_MOMENT = "An ISO-8601 date or date-time; without an offset it is UTC."

MESSAGE_FILTERS = (
    _query("From", f"Sender. {_PARTY}", examples=["19876543212", "1987%"]),
    _query("To", f"Recipient. {_PARTY}", examples=["13216549878", "client:alice"]),
    _query("StartTime", f"Created then or later. {_MOMENT}", examples=["2018-05-30"]),
    _query(
        "EndTime",
        f"Created then or earlier; a date means the end of that day. {_MOMENT}",
        examples=["2018-05-30", "2018-05-30T12:00:00Z"],
    ),
    _query("Body", "Text that the body contains, in any case."),
    _query("Status", "Where the message stands.", enum=list(Status)),
    _query("SubAccounts", "`true` shows the messages of all sub-accounts as well."),
    _query(
        "SortBy",
        "`DateCreated`, `From`, `To`, `Direction`, `Status` or `Body`, with `:asc` (the default) "
        "or `:desc` behind it.",
        examples=["DateCreated:asc", "From:desc"],
    ),
)

NUMBER_FILTERS = (
    _query("PhoneNumber", _PARTY, examples=["15005550006", "1500*"]),
    _query("FriendlyName", "In any case; `*` stands for anything."),
    _query("SortBy", "`PhoneNumber` or `FriendlyName`; otherwise the oldest comes first."),
    _query("Reverse", "`true` turns the order round."),
)
