"""SIP clients of accounts."""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower

from accounts import numbers, sids
from accounts.models.account import Account
from accounts.models.fields import SidField, save_along
from accounts.secrets import EncryptedField

HASHES_OF_PASSWORD = ("ha1_realm", "ha1_md5", "ha1_sha256")


class ClientQuerySet(models.QuerySet["Client"]):
    """Clients, in our words."""

    def with_login(self, login: str) -> "ClientQuerySet":
        """Keep the client with this login, without case; by the index, as accounts by e-mail."""
        return self.with_logins([login])

    def with_logins(self, logins: Iterable[str]) -> "ClientQuerySet":
        """Keep the clients with these logins, without case."""
        lower = [Lower(Value(login)) for login in set(logins)]
        return self.alias(lower=Lower("login")).filter(lower__in=lower)


class Client(models.Model):
    """A SIP softphone or browser of an account."""

    class Digest(models.TextChoices):
        """Which hashes it is offered. Half of all softphones fail where both are."""

        MD5 = "MD5", "MD5"
        SHA_256 = "SHA-256", "SHA-256"
        BOTH = "both", "SHA-256, then MD5"

    sid = SidField(default=sids.new_client_sid)
    account = models.ForeignKey(Account, models.CASCADE, related_name="clients")
    login = models.CharField(max_length=numbers.LOGIN_LENGTH)
    # Readable, since a digest (HA1) depends on the SIP domain, which may change.
    password = EncryptedField()
    friendly_name = models.CharField(max_length=64, blank=True)
    enabled = models.BooleanField(default=True)
    digest = models.CharField(
        max_length=8,
        choices=Digest,
        default=Digest.MD5,
        help_text="Which hashes of its password a client is asked for.",
    )
    # Hashes of the password for one SIP domain: good for nothing in another.
    ha1_realm = models.CharField(max_length=255, blank=True, editable=False)
    ha1_md5 = models.CharField(max_length=32, blank=True, editable=False)
    ha1_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    date_created = models.DateTimeField(auto_now_add=True)
    date_updated = models.DateTimeField(auto_now=True)

    objects = ClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sid"], name="client_sid"),
            models.UniqueConstraint(
                Lower("login"),
                name="client_login",
                violation_error_message="This login is taken.",
            ),
        ]

    def __str__(self) -> str:
        return self.login

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the hashes beside the password."""
        self.hash_password()
        for column in ("password", "login"):
            save_along(kwargs, column, *HASHES_OF_PASSWORD)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse a login that cannot be a SIP user. Raises ValidationError."""
        if not numbers.is_login(self.login):
            forbidden = numbers.NOT_IN_LOGINS
            raise ValidationError({"login": f"letters, digits and signs other than {forbidden}"})

    def hash_password(self) -> None:
        """Hash the password for the SIP domain as it is now. Source: RFC 7616 §3.4.2."""
        self.ha1_realm = settings.SIP_DOMAIN
        text = f"{self.login}:{self.ha1_realm}:{self.password}".encode()
        self.ha1_md5 = hashlib.md5(text, usedforsecurity=False).hexdigest()
        self.ha1_sha256 = hashlib.sha256(text).hexdigest()
