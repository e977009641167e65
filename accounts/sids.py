"""Sids: two letters and 32 hexadecimal digits of a UUIDv7."""

import os
import re
import time

SID_LENGTH = 34
SID = re.compile(r"[A-Za-z0-9]{34}")
"""What RestComm takes for a sid on input."""


def new_sid(prefix: str) -> str:
    """Make a sid that sorts after those of earlier milliseconds.

    Time-ordered, so that an index on it grows at one end. Source: RFC 9562 §5.7.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{prefix}{value:032x}"


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
