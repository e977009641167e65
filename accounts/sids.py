"""Sids: two letters and 32 hexadecimal digits of a UUIDv7."""

import os
import re
import time
from collections import deque

SID_LENGTH = 34
SID = re.compile(r"[A-Za-z0-9]{34}")
"""What RestComm takes for a sid on input."""

_OCTETS = 10
"""Random ones of a sid."""
_DRAWN_AT_ONCE = 256
_stock: deque[bytes] = deque()
"""Random octets of sids to come. To draw them lets go of the interpreter's lock, and a thread
among sixteen busy ones gets it back some switches later: so many are drawn at once."""

os.register_at_fork(after_in_child=_stock.clear)  # or a child would give its parent's sids


def new_sid(prefix: str) -> str:
    """Make a sid that sorts after those of earlier milliseconds.

    Time-ordered, so that an index on it grows at one end. Source: RFC 9562 §5.7.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(_random(), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{prefix}{value:032x}"


def _random() -> bytes:
    try:
        return _stock.popleft()
    except IndexError:
        drawn = os.urandom(_OCTETS * _DRAWN_AT_ONCE)
    starts = range(0, len(drawn), _OCTETS)
    first, *rest = (drawn[start : start + _OCTETS] for start in starts)
    _stock.extend(rest)
    return first


def new_account_sid() -> str:
    """Make a sid for an account."""
    return new_sid("AC")


def new_number_sid() -> str:
    """Make a sid for a phone number."""
    return new_sid("PN")


def new_client_sid() -> str:
    """Make a sid for a SIP client."""
    return new_sid("CL")


def new_message_sid() -> str:
    """Make a sid for a message."""
    return new_sid("SM")
