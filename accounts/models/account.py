"""Customers."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import sids
from accounts.models.fields import SidField, save_along
from accounts.secrets import EncryptedField, digest, new_signing_secret, new_token

LEVELS = 3
"""Accounts, sub-accounts, and theirs."""


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
        save_along(kwargs, "auth_token", "auth_token_digest")
        super().save(*args, **kwargs)

    @property
    def short_name(self) -> str:
        """Its name alone, for the head of its page."""
        return self.friendly_name

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
