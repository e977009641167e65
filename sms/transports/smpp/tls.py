"""TLS towards a peer: whom a link trusts, and that it is whom we called."""

import os
import socket
import ssl
from collections.abc import Mapping
from typing import Final

from sms.pem import load_own
from sms.transports.smpp.settings import SmppSettings


def client_context(settings: SmppSettings) -> ssl.SSLContext | None:
    """Make the context of a link's connections; None for plain TCP.

    The host's name is checked together with its certificate, or neither is.
    Raises OSError or ValueError for certificates that cannot be read.
    """
    if not settings.tls:
        return None
    context = ssl.create_default_context(cadata=settings.tls_ca or None)
    if not settings.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.tls_cert:
        load_own(context, settings.tls_cert, settings.tls_key)
    return context


def server_context(*, cert: str, key: str, client_ca: str = "") -> ssl.SSLContext:
    """Make the context of a server; with `client_ca` it demands a certificate that that signed.

    Raises ValueError or ssl.SSLError for PEM that cannot be read.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    load_own(context, cert, key)
    if client_ca:
        context.load_verify_locations(cadata=client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


_ALERTS: Final[Mapping[str, str]] = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the peer demands a certificate of ours",
    "TLSV1_ALERT_UNKNOWN_CA": "the peer does not know who signed our certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the peer does not take our certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "the peer does not take our kind of certificate",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "our certificate is revoked",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "our certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the peer does not take our certificate",
    "TLSV1_ALERT_ACCESS_DENIED": "the peer takes our certificate, and refuses us",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the peer speaks no version of TLS that we do",
    "TLSV1_UNRECOGNIZED_NAME": "the peer does not know the name that we call it by",
}
"""What peers say that only an operator can mend, by OpenSSL's names. Source: RFC 8446 §6.2."""


def reason_of(error: OSError) -> str:
    """Say in few words why a connection could not be made, or was lost."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".")
    if isinstance(error, ssl.SSLError):
        reason = error.reason or type(error).__name__
        words = _ALERTS.get(reason)
        return f"no TLS: {words} ({reason})" if words else f"no TLS: {reason}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return error.strerror or "no such host"
    # asyncio wraps the system's words in a sentence of its own; of a host with several
    # addresses there is a sentence alone.
    return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
