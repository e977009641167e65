"""Receipts that came before the answer they belong to was recorded."""

from django.db import models
from django.utils import timezone

from sms.lifecycle import Status
from sms.models.choices import choices
from sms.models.link import Link


class ParkedReceipt(models.Model):
    """A receipt without a segment yet; the sweep joins them, or gives up after 7 days."""

    link = models.ForeignKey(Link, models.CASCADE, related_name="+")
    remote_id = models.CharField(max_length=65)
    remote_keys = models.JSONField(default=list)
    status = models.CharField(max_length=16, choices=choices(Status), blank=True)
    error_code = models.PositiveIntegerField(null=True)
    raw = models.CharField(max_length=255)
    covers = models.PositiveSmallIntegerField(
        default=1, help_text="How many parts of its message it speaks of."
    )
    received_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            # Peers repeat themselves; the same words need no second row.
            models.UniqueConstraint(fields=["link", "remote_id", "raw"], name="receipt_words"),
        ]
        indexes = [models.Index(fields=["due_at"], name="receipt_due")]  # sweep

    def __str__(self) -> str:
        return f"{self.link_id}: {self.raw}"
