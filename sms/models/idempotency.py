"""What requests with an Idempotency-Key became."""

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Account
from sms.models.message import Message

VALID_FOR = timedelta(hours=24)
LONGEST_KEY = 255
EXPIRED = models.Q(created_at__lte=Now() - VALID_FOR)
"""By the database's clock: of two web hosts one may be ahead."""


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    """Keys, in our words."""

    def expired(self) -> "IdempotencyKeyQuerySet":
        """Keep those that count no longer."""
        return self.filter(EXPIRED)


class IdempotencyKey(models.Model):
    """A request that became a message; the same one again becomes none."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="+")
    account = models.ForeignKey(Account, models.CASCADE, db_index=False, related_name="+")
    key = models.CharField(max_length=LONGEST_KEY)
    fingerprint = models.CharField(max_length=64, help_text="A digest of the parameters.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            # Of two requests at once, the second waits here for the first.
            models.UniqueConstraint(fields=["account", "key"], name="idempotency_key"),
        ]
        indexes = [
            # sweep
            models.Index(fields=["created_at"], name="idempotency_age"),
        ]

    def __str__(self) -> str:
        return self.key
