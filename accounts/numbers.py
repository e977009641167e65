"""Senders and recipients: which form one has, and the key it is compared by."""

import re

_DIGITS = re.compile(r"\+?[0-9]{3,15}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 \-_.&]{1,11}")
_SEPARATORS = str.maketrans("", "", " -().")

CLIENT_PREFIX = "client:"
LOGIN_LENGTH = 64
NOT_IN_LOGINS = '? = @ : ; < > "'
"""Signs that end the user part of a SIP address, or its quotes. Source: RFC 3261 §25.1."""

LONGEST_KEY = 80
"""Characters of a key: as many as a party may have itself."""


def is_number(text: str) -> bool:
    """Say whether text is a phone number or short code: 3 to 15 digits, perhaps a `+`."""
    return _DIGITS.fullmatch(text) is not None


def unspaced(text: str) -> str:
    """Write a number without what people put between its digits; other text as it is."""
    bare = text.translate(_SEPARATORS)
    return bare if is_number(bare) else text


def is_alphanumeric_sender(text: str) -> bool:
    """Say whether text may be an alphanumeric sender. Source: 3GPP TS 23.040 §9.1.2.5."""
    return _ALPHANUMERIC.fullmatch(text) is not None


def is_login(text: str) -> bool:
    """Say whether text may be a client's login: it becomes part of a SIP address."""
    forbidden = not text.isprintable() or set(text) & set(NOT_IN_LOGINS)  # the blank is among them
    return 0 < len(text) <= LOGIN_LENGTH and not forbidden


def key(text: str) -> str:
    """Reduce a party to what it is compared by: digits, or lower-case text.

    `+1 (555) 000` and `1555000` are one number; `Dev-Test` and `dev-test` one sender.
    """
    bare = text.strip().removeprefix(CLIENT_PREFIX)
    digits = bare.translate(_SEPARATORS).removeprefix("+")
    if digits.isascii() and digits.isdigit():
        return digits[:LONGEST_KEY]
    return bare.casefold()[:LONGEST_KEY]  # which may make three characters of one
