"""Secrets at rest: encrypted where they must be read again, digested where not.

Tokens must be readable, since webhooks are signed with them; a digest beside them
answers the log-in without decrypting. They are random, so a fast hash is right:
PBKDF2 would cost 400 ms a request and protect nothing.
"""

import base64
import hashlib
import secrets
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def new_token() -> str:
    """Make an auth token: 32 hexadecimal digits, as RestComm's look."""
    return secrets.token_hex(16)


def new_signing_secret() -> str:
    """Make a secret for signing callbacks, in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def digest(token: str) -> str:
    """Digest a random token for look-up and comparison."""
    return hashlib.sha256(token.encode()).hexdigest()


def encrypt(text: str) -> str:
    """Encrypt under the first of ENCRYPTION_KEYS."""
    return _fernet(settings.ENCRYPTION_KEYS).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Decrypt under any of ENCRYPTION_KEYS.

    Raises ImproperlyConfigured when none of them fits: the key is not the one the data has.
    """
    try:
        return _fernet(settings.ENCRYPTION_KEYS).decrypt(stored.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            "A stored secret does not open with ENCRYPTION_KEY: it was made under another key."
        ) from None


@lru_cache(maxsize=4)
def _fernet(keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",")])


class EncryptedField(models.TextField[str, str]):
    """Text that is encrypted in the database and plain in Python."""

    is_secret = True
    """Pages leave it out for who may only look; see cpaas/pages.py."""

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way in; the empty text stays empty."""
        return encrypt(str(value)) if value else value

    def from_db_value(self, value: Any, expression: object, connection: object) -> Any:
        """Decrypt on the way out."""
        return decrypt(value) if value else value
