"""Certificates and keys as PEM, for either end of a TLS connection. Pure."""

import ssl
import tempfile
from pathlib import Path


def load_own(context: ssl.SSLContext, cert: str, key: str) -> None:
    """Have a context show a certificate of ours, with its chain and its private key.

    An empty key is looked for beside the certificate.
    Raises ValueError, in one sentence, for what cannot be used.
    """
    # OpenSSL reads them from files alone: a folder that only we may look into, for a moment.
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "chain.pem"
        chain.write_text(f"{cert}\n{key}\n")
        try:
            # With a password at hand it never asks for one at the terminal.
            context.load_cert_chain(chain, password=lambda: b"-")
        except ssl.SSLError as error:
            raise ValueError(_REASONS.get(error.reason or "", _UNREADABLE)) from None


_UNREADABLE = "The certificate or its key cannot be read as PEM; keys must not be encrypted."
_REASONS = {"KEY_VALUES_MISMATCH": "The key does not belong to the certificate."}
