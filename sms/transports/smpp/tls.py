"""TLS towards a peer: whom a link trusts, and that it is whom we called."""

import os
import socket
import ssl

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


def reason_of(error: OSError) -> str:
    """Say in few words why a connection could not be made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".")
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {error.reason or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return error.strerror or "no such host"
    # asyncio wraps the system's words in a sentence of its own; of a host with several
    # addresses there is a sentence alone.
    return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
