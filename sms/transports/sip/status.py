"""What a client's answer to a MESSAGE means for the segment. Source: RFC 3261 §21, RFC 3428."""

from dataclasses import dataclass
from typing import Final

from sms.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row."""

    code: ErrorCode
    retry_s: float | None = None
    """None: it is final."""
    max_tries: int | None = 0
    """None: as often as it takes."""
    may_wait: bool = False
    """It may wait for the client to register again, where the platform holds messages."""
    drops_binding: bool = False
    is_alarming: bool = False
    """An operator should hear of it: no client would say so."""


_UNREACHABLE: Final = Meaning(ErrorCode.UNREACHABLE_HANDSET, may_wait=True)
_BLOCKED: Final = Meaning(ErrorCode.BLOCKED)
_UNKNOWN_CLIENT: Final = Meaning(ErrorCode.UNKNOWN_HANDSET)
_NO_MESSAGES: Final = Meaning(ErrorCode.UNREACHABLE_CARRIER)
_AGAIN: Final = Meaning(ErrorCode.UNKNOWN, retry_s=5.0, max_tries=3)
_ALARM: Final = Meaning(ErrorCode.UNKNOWN, is_alarming=True)
_OTHER: Final = Meaning(ErrorCode.UNKNOWN)

FLOW_LOST: Final = _AGAIN
NO_ANSWER: Final = _UNREACHABLE
NO_BINDING: Final = _UNREACHABLE
COMES_BACK: Final = Meaning(ErrorCode.UNREACHABLE_HANDSET, retry_s=5.0, max_tries=None)
TOO_LARGE: Final = _OTHER

STATUSES: Final = {
    401: _ALARM,  # Unauthorized: a proxy wants credentials that we have not
    403: _BLOCKED,  # Forbidden
    404: _UNKNOWN_CLIENT,  # Not Found
    405: _NO_MESSAGES,  # Method Not Allowed
    407: _ALARM,  # Proxy Authentication Required
    408: _UNREACHABLE,  # Request Timeout
    410: Meaning(ErrorCode.UNKNOWN_HANDSET, drops_binding=True),  # Gone
    413: _OTHER,  # Request Entity Too Large
    415: _NO_MESSAGES,  # Unsupported Media Type
    416: _UNKNOWN_CLIENT,  # Unsupported URI Scheme
    480: _UNREACHABLE,  # Temporarily Unavailable
    482: _ALARM,  # Loop Detected
    483: _ALARM,  # Too Many Hops
    484: _UNKNOWN_CLIENT,  # Address Incomplete
    486: Meaning(ErrorCode.UNREACHABLE_HANDSET, retry_s=30.0, max_tries=1),  # Busy Here
    487: _UNREACHABLE,  # Request Terminated
    488: _NO_MESSAGES,  # Not Acceptable Here
    500: _AGAIN,  # Server Internal Error
    501: _NO_MESSAGES,  # Not Implemented
    503: _AGAIN,  # Service Unavailable
    504: _AGAIN,  # Server Time-out
    513: _OTHER,  # Message Too Large
    600: _BLOCKED,  # Busy Everywhere
    603: _BLOCKED,  # Decline
    604: _UNKNOWN_CLIENT,  # Does Not Exist Anywhere
    606: _BLOCKED,  # Not Acceptable
}

LONGEST_RETRY_S: Final = 3600.0


def meaning(status: int) -> Meaning:
    """Look up a final answer other than 2xx; one that nobody lists counts as 30008."""
    return STATUSES.get(status, _OTHER)


def rank(status: int) -> tuple[int, int]:
    """Order final answers, the best first. Source: RFC 3261 §16.7, step 6."""
    group = status // 100
    return (0 if group == 6 else group, status)


REASONS: Final = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    423: "Interval Too Brief",
    481: "Call/Transaction Does Not Exist",
    483: "Too Many Hops",
    489: "Bad Event",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    513: "Message Too Large",
}
