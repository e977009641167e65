"""What the columns of an SMPP link may hold, in sentences for an operator."""

import ssl
from collections.abc import Callable
from typing import Protocol

from django.core.exceptions import ValidationError

from sms.overrides import read_errs, read_network_errors, read_statuses

_LONGEST = {"system_id": 15, "password": 8, "system_type": 12, "service_type": 5}
"""Characters, less the NUL behind them. Source: SMPP 3.4 §4.1.1, §4.4.1."""


class SmppColumns(Protocol):
    """The columns of a link that are checked together."""

    tls: bool
    tls_ca: str
    tls_verify: bool


def smpp_mistakes(link: SmppColumns) -> dict[str, str]:
    """Say what is wrong with an SMPP link, by column; empty when nothing is."""
    mistakes = {
        column: mistake
        for column, longest in _LONGEST.items()
        if (mistake := _text_mistake(getattr(link, column), longest))
    }
    if mistake := _ca_mistake(link):
        mistakes["tls_ca"] = mistake
    return mistakes


def check_statuses(table: object) -> None:
    """Check a table of command_status values. Raises ValidationError."""
    _check(read_statuses, table)


def check_errs(table: object) -> None:
    """Check a table of err values. Raises ValidationError."""
    _check(read_errs, table)


def check_network_errors(table: object) -> None:
    """Check a table of network_error_code values. Raises ValidationError."""
    _check(read_network_errors, table)


def _check(read: Callable[[object], object], table: object) -> None:
    try:
        read(table)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def _text_mistake(text: str, longest: int) -> str:
    if len(text) > longest:
        return f"SMPP has room for {longest} characters here; this has {len(text)}."
    if not (text.isascii() and text.isprintable()):
        return "SMPP takes printable ASCII characters here."
    return ""


def _ca_mistake(link: SmppColumns) -> str:
    if not link.tls_ca:
        return ""
    if not link.tls:
        return "Certificates are of no use while TLS is off."
    if not link.tls_verify:
        return "Certificates are of no use while the peer's is not checked."
    try:
        ssl.create_default_context(cadata=link.tls_ca)
    except (ssl.SSLError, ValueError, TypeError):
        return "This is not a list of certificates in PEM form."
    return ""
