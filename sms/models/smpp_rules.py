"""What the columns of an SMPP link may hold, in sentences for an operator."""

import ipaddress
import re
import ssl
from collections.abc import Callable
from typing import Protocol

from django.core.exceptions import ValidationError

from sms.overrides import read_errs, read_network_errors, read_statuses
from sms.pem import load_own

_LONGEST = {
    "system_id": 15,
    "password": 8,
    "system_type": 12,
    "address_range": 40,
    "service_type": 5,
}
"""Characters, less the NUL behind them. Source: SMPP 3.4 §4.1.1, §4.4.1."""
TABLES = ("status_overrides", "err_overrides", "network_error_codes")
"""Columns that hold a JSON object."""
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


class SmppColumns(Protocol):
    """The columns of a link that are checked together."""

    host: str
    tls: bool
    tls_ca: str
    tls_verify: bool
    tls_name: str
    tls_cert: str
    tls_key: str


def smpp_mistakes(link: SmppColumns) -> dict[str, str]:
    """Say what is wrong with an SMPP link, by column; empty when nothing is."""
    mistakes = {
        column: mistake
        for column, longest in _LONGEST.items()
        if (mistake := _text_mistake(getattr(link, column), longest))
    }
    found = {
        "host": _host_mistake(link.host),
        "tls_ca": _ca_mistake(link),
        "tls_name": _name_mistake(link),
        "tls_cert": _cert_mistake(link),
    }
    return mistakes | {column: mistake for column, mistake in found.items() if mistake}


def table_mistakes(link: object) -> dict[str, str]:
    """Say which tables are no JSON objects, by column; empty when all are."""
    return {
        column: "This must be a JSON object; {} for none."
        for column in TABLES
        if not isinstance(getattr(link, column), dict)
    }


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


def _host_mistake(host: str) -> str:
    """Check a host as a resolver would take it. Source: RFC 1123 §2.1; "_" is common inside."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return ""
    if not host.isascii():
        return "Write this name in its ASCII form, which begins with xn--."
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        return "This is neither a host name nor an IP address; a port has an option of its own."
    return ""


def _name_mistake(link: SmppColumns) -> str:
    if not link.tls_name:
        return ""
    if not link.tls:
        return "A name is of no use while TLS is off."
    return _host_mistake(link.tls_name)


def _cert_mistake(link: SmppColumns) -> str:
    if not (link.tls_cert or link.tls_key):
        return ""
    if not link.tls:
        return "A certificate of ours is of no use while TLS is off."
    if not link.tls_cert:
        return "There is a key without its certificate."
    try:
        load_own(ssl.create_default_context(), link.tls_cert, link.tls_key)
    except ValueError as error:
        return str(error)
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
