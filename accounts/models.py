"""Accounts, their numbers and their SIP clients."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import numbers, sids
from accounts.secrets import EncryptedField, digest, new_signing_secret, new_token

LEVELS = 3
"""Accounts, sub-accounts, and theirs."""


def _save_along(options: dict[str, Any], column: str, *derived: str) -> None:
    """Add what is derived from a column to the `update_fields` of a save that names it."""
    named = options.get("update_fields")
    if named is not None and column in named:
        options["update_fields"] = {*named, *derived}


class SidField(models.CharField[str, str]):
    """A sid: unique, compared by code point on every engine.

    Unique by a constraint of the model, not `unique=True`: that would add a second
    index for LIKE on PostgreSQL, which nobody asks.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", sids.SID_LENGTH)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def db_parameters(self, connection: Any) -> Any:
        """Sort by code point: PostgreSQL's default collation does not."""
        collation = "C" if connection.vendor == "postgresql" else None
        return {**super().db_parameters(connection), "collation": collation}


class UrlField(models.CharField[str, str]):
    """An http address, or the empty text.

    Not URLField, which refuses a host without a dot: in a private network many have none.
    """

    default_validators = [RegexValidator(r"\Ahttps?://[^\s/]", "An http or https address.")]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 2048)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)


class AccountQuerySet(models.QuerySet["Account"]):
    """Accounts, in our words."""

    def named(self, name: str) -> "AccountQuerySet":
        """Keep the account with this sid or e-mail address."""
        if "@" not in name:
            return self.filter(sid=name)
        # As the index spells it; iexact would compare in upper case, and read every row.
        return self.alias(lower=Lower("email")).filter(lower=Lower(Value(name)))


class Account(models.Model):
    """A customer: owns numbers, clients and messages, and may have sub-accounts."""

    class Status(models.TextChoices):
        """Whether an account may use the platform. Source: sms-api 8."""

        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    class Role(models.TextChoices):
        """What an account may do with messages, in RestComm's names."""

        ADMINISTRATOR = "Administrator", "Administrator (reads and sends)"
        DEVELOPER = "Developer", "Developer (reads)"

    sid = SidField(default=sids.new_account_sid)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    friendly_name = models.CharField(max_length=64)
    email = models.EmailField(null=True, blank=True)  # noqa: DJ001  # unique, and may be missing
    password = models.CharField(max_length=128, blank=True, editable=False)
    role = models.CharField(max_length=32, choices=Role, default=Role.ADMINISTRATOR)
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    max_requests_per_second = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="API requests with the credentials of this account and those below it. "
        "Empty: no limit.",
    )
    max_messages_per_day = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Messages of this account and those below it that are accepted in a day (UTC). "
        "Empty: no limit.",
    )
    max_price = models.DecimalField(
        null=True,
        blank=True,
        max_digits=10,
        decimal_places=5,
        validators=[MinValueValidator(0)],
        help_text="What one message of this account may cost, all its segments together, "
        "by the price of its route. Empty: no limit.",
    )
    auth_token = EncryptedField(default=new_token, editable=False)
    auth_token_digest = models.CharField(max_length=64, editable=False)
    # The token before it, while it is still let in.
    old_token_digest = models.CharField(max_length=64, blank=True, editable=False)
    old_token_until = models.DateTimeField(null=True, editable=False)
    signing_secret = EncryptedField(default=new_signing_secret, editable=False)
    date_created = models.DateTimeField(auto_now_add=True)
    date_updated = models.DateTimeField(auto_now=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sid"], name="account_sid"),
            models.UniqueConstraint(
                Lower("email"),
                name="account_email",
                violation_error_message="An account has this e-mail address already.",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "suspended", "closed"]),
                name="account_status",
            ),
            models.CheckConstraint(
                condition=~models.Q(parent=models.F("id")), name="account_not_its_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.friendly_name} ({self.sid})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the digest beside its token."""
        self.auth_token_digest = digest(self.auth_token)
        _save_along(kwargs, "auth_token", "auth_token_digest")
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse a fourth level of accounts, and circles. Raises ValidationError.

        Source: sms-api 8.
        """
        if self.parent is None:
            return
        above = list(islice(self.parent.lineage(), LEVELS))  # a circle has no end
        if self in above:
            raise ValidationError({"parent": "An account cannot come below itself."})
        if len(above) + self._levels() > LEVELS:
            raise ValidationError({"parent": "This account is not allowed to have sub-accounts"})

    @property
    def is_active(self) -> bool:
        """Say whether it may use the platform."""
        return self.status == self.Status.ACTIVE

    def has_old_token(self) -> bool:
        """Say whether the token before this one is still let in."""
        return self.old_token_until is not None and timezone.now() < self.old_token_until

    def lineage(self) -> Iterator["Account"]:
        """Walk from the account up to the one without a parent."""
        account: Account | None = self
        while account:
            yield account
            account = account.parent

    def _levels(self) -> int:
        """Count the levels from here down: whoever moves takes its sub-accounts along."""
        children = Account.objects.filter(parent=self.pk) if self.pk else Account.objects.none()
        grandchildren = Account.objects.filter(parent__in=children)
        return 1 + children.exists() + grandchildren.exists()

    def root(self) -> "Account":
        """Find the account at the top of its tree."""
        *_, top = self.lineage()
        return top

    def set_password(self, password: str) -> None:
        """Store a password for log-in beside the token, hashed."""
        self.password = make_password(password)


class Allowance(models.Model):
    """How much of a limit an account has used in the newest window; see `limits`."""

    class Kind(models.TextChoices):
        """What is limited."""

        REQUEST = "request", "API requests a second"
        MESSAGE = "message", "messages a day"

    account = models.ForeignKey(Account, models.CASCADE, db_index=False, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    window_number = models.BigIntegerField(help_text="Counted since 1970, UTC.")
    taken = models.PositiveIntegerField()
    granted = models.PositiveIntegerField(help_text="What the last process got.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "kind"], name="allowance_kind")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.kind}"


class PhoneNumber(models.Model):
    """A sender of an account: number, short code, or alphanumeric name."""

    class Kind(models.TextChoices):
        """What form it has."""

        NUMBER = "number", "phone number or short code"
        ALPHANUMERIC = "alphanumeric", "alphanumeric sender"

    class Method(models.TextChoices):
        """HTTP method of a webhook."""

        POST = "POST"
        GET = "GET"

    sid = SidField(default=sids.new_number_sid)
    account = models.ForeignKey(Account, models.CASCADE, related_name="numbers")
    number = models.CharField(max_length=20, help_text="As it was given; compared by digits.")
    key = models.CharField(max_length=20, editable=False)
    kind = models.CharField(max_length=16, choices=Kind, editable=False)
    friendly_name = models.CharField(max_length=64, blank=True)
    sms_enabled = models.BooleanField(default=True, help_text="May send and receive SMS.")
    sms_url = UrlField(help_text="Called when an SMS comes in for this number.")
    sms_method = models.CharField(max_length=4, choices=Method, default=Method.POST)
    sms_fallback_url = UrlField(help_text="Called when the first address fails.")
    sms_fallback_method = models.CharField(max_length=4, choices=Method, default=Method.POST)
    date_created = models.DateTimeField(auto_now_add=True)
    date_updated = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sid"], name="number_sid"),
            models.UniqueConstraint(
                fields=["key"],
                condition=models.Q(kind="number"),
                name="number_digits",
                violation_error_message="Another account or number has these digits already.",
            ),
            # An alphanumeric sender is nobody's property: every account may register its own.
            models.UniqueConstraint(
                fields=["account", "key"],
                condition=models.Q(kind="alphanumeric"),
                name="number_alphanumeric",
                violation_error_message="The account has this sender already.",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["number", "alphanumeric"]), name="number_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep key and kind beside the number."""
        self._derive()
        _save_along(kwargs, "number", "key", "kind")
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse what is neither number nor sender. Raises ValidationError."""
        if not (numbers.is_number(self.number) or numbers.is_alphanumeric_sender(self.number)):
            raise ValidationError(
                {"number": "3 to 15 digits, or up to 11 letters, digits, spaces and - _ . &"}
            )
        self._derive()  # the constraints are checked next

    def _derive(self) -> None:
        self.key = numbers.key(self.number)
        self.kind = self.Kind.NUMBER if numbers.is_number(self.number) else self.Kind.ALPHANUMERIC


class ClientQuerySet(models.QuerySet["Client"]):
    """Clients, in our words."""

    def with_login(self, login: str) -> "ClientQuerySet":
        """Keep the client with this login, without case; by the index, as accounts by e-mail."""
        return self.with_logins([login])

    def with_logins(self, logins: Iterable[str]) -> "ClientQuerySet":
        """Keep the clients with these logins, without case."""
        lower = [Lower(Value(login)) for login in set(logins)]
        return self.alias(lower=Lower("login")).filter(lower__in=lower)


HASHES_OF_PASSWORD = ("ha1_realm", "ha1_md5", "ha1_sha256")


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
            _save_along(kwargs, column, *HASHES_OF_PASSWORD)
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
