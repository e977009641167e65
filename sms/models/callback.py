"""What an account's URL is owed."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account
from sms.lifecycle import Status
from sms.models.choices import choices
from sms.models.message import Message


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
    account = models.ForeignKey(Account, models.CASCADE, db_index=False, related_name="+")
    event = models.PositiveSmallIntegerField(choices=Event)
    status = models.CharField(max_length=16, choices=choices(Status))
    error_code = models.PositiveIntegerField(null=True)
    url = models.CharField(max_length=2048)
    method = models.CharField(max_length=4)
    host = models.CharField(max_length=255, blank=True, help_text="Host and port of the URL.")
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    locked_by = models.CharField(max_length=32, blank=True)
    locked_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_answer = models.CharField(max_length=255, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "event"], name="callback_event"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "delivered", "failed"]), name="callback_state"
            ),
        ]
        indexes = [
            # outbox.claim_callbacks
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state="pending", locked_until__isnull=True),
                name="callback_queue",
            ),
            # sweep
            models.Index(
                fields=["locked_until"],
                condition=Q(locked_until__isnull=False),
                name="callback_leases",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.status}"
