"""What an account's URL is owed."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Account
from sms.lifecycle import Status
from sms.models.choices import choices
from sms.models.message import Message


class CallbackQuerySet(models.QuerySet["Callback"]):
    """Callbacks, in our words."""

    def waiting(self) -> "CallbackQuerySet":
        """Keep those that are owed, and that no worker has claimed."""
        return self.filter(state=Callback.State.PENDING, locked_until__isnull=True)


class Callback(models.Model):
    """One status event for one URL; at most one of each kind a message, sent in order."""

    class Event(models.IntegerChoices):
        """Which of the two documented events; the lower one goes first."""

        SENT = 1, "sent status event"
        DELIVERY = 2, "delivery status event"
        INBOUND = 3, "inbound message"

    class State(models.TextChoices):
        """Where it stands."""

        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    message = models.ForeignKey(Message, models.CASCADE, db_index=False, related_name="callbacks")
    # Unchecked: it comes out of the message's row, where it is checked.
    account = models.ForeignKey(
        Account, models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    event = models.PositiveSmallIntegerField(choices=Event)
    status = models.CharField(max_length=16, choices=choices(Status))
    error_code = models.PositiveIntegerField(null=True)
    url = models.CharField(max_length=2048)
    method = models.CharField(max_length=4)
    host = models.CharField(max_length=255, blank=True, help_text="Host and port of the URL.")
    spare_host = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="Host and port of the fallback URL, while that is not the one to be asked.",
    )
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    locked_by = models.CharField(max_length=32, blank=True)
    locked_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_answer = models.CharField(max_length=255, blank=True)
    finished_at = models.DateTimeField(null=True)
    repeated_at = models.DateTimeField(
        null=True, help_text="When an operator had it begun anew; its day of retries, too."
    )

    objects = CallbackQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "event"], name="callback_event"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "delivered", "failed"]), name="callback_state"
            ),
        ]
        indexes = [
            # outbox.survey_hosts, outbox.claim_callbacks
            models.Index(
                fields=["host", "due_at", "id"],
                condition=Q(state="pending", locked_until__isnull=True),
                name="callback_queue",
            ),
            # conversation.detour: what need not wait for a host that does not answer
            models.Index(
                fields=["host", "id"],
                condition=Q(state="pending", locked_until__isnull=True) & ~Q(spare_host=""),
                name="callback_spare",
            ),
            # sweep: whose day of retries is over
            models.Index(
                Coalesce("repeated_at", "created_at"),
                condition=Q(state="pending", locked_until__isnull=True),
                name="callback_give_up",
            ),
            # notify.repeat: what failed at a host
            models.Index(
                fields=["host", "created_at"],
                condition=Q(state="failed"),
                name="callback_failed",
            ),
            # sweep; how much each host has under way
            models.Index(
                fields=["locked_until"],
                condition=Q(locked_until__isnull=False),
                name="callback_leases",
            ),
        ]
        permissions = [("repeat_callback", "Can have callbacks made again")]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.status}"

    @property
    def short_name(self) -> str:
        """What it tells whom, for the head of its page."""
        return f"{self.status} → {self.host}"


class CallbackAttempt(models.Model):
    """One try of a callback; pruned after CALLBACK_ATTEMPTS_KEPT_S."""

    # Unchecked: a check of each would cost as much as writing it, and rows are written
    # beside their callback, in one transaction.
    callback = models.ForeignKey(
        Callback, models.CASCADE, db_constraint=False, related_name="attempts_made"
    )
    at = models.DateTimeField(help_text="When it began.")
    status = models.PositiveSmallIntegerField(null=True, help_text="Of the answer, if one came.")
    error = models.CharField(max_length=255, blank=True, help_text="Why it was no success.")
    latency_ms = models.PositiveIntegerField()
    head = models.CharField(max_length=256, blank=True, help_text="The answer's first bytes.")

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.said} after {self.latency_ms} ms"

    @property
    def said(self) -> str:
        """What came of it, in one clause."""
        return self.error or f"answered {self.status}"


class CallbackHost(models.Model):
    """A host that fails. One that is well has no row.

    After some failures in a row its circuit opens: its callbacks stay where they are, but for
    one at `probe_at`, until the host answers again.
    """

    host = models.CharField(max_length=255, help_text="Host and port, as callbacks have it.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    opened_at = models.DateTimeField(null=True, help_text="Empty while it is still tried freely.")
    probes = models.PositiveSmallIntegerField(default=0, help_text="Failed since it was opened.")
    probe_at = models.DateTimeField(null=True)
    last_answer = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host"], name="callback_host")]

    def __str__(self) -> str:
        return self.host
