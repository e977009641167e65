"""What joins the parts of long messages at a handset."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from sms.models.message import PartyField

KEPT_FOR = timedelta(days=7)
"""Longer than any network keeps trying to deliver a part."""


class ConcatenationQuerySet(models.QuerySet["Concatenation"]):
    """Counters, in our words."""

    def unused(self) -> "ConcatenationQuerySet":
        """Keep those whose last messages no handset waits for any more."""
        return self.filter(used_on__lt=(timezone.now() - KEPT_FOR).date())


class Concatenation(models.Model):
    """Counts the long messages of one recipient: whoever sends them, over whichever link.

    A handset knows the parts of a message by their sender and an 8-bit reference, and the
    carrier may write the sender anew. So no two messages of a recipient share one until 255
    others have come between them. Source: 3GPP TS 23.040 §9.2.3.24.1.
    """

    recipient_key = PartyField(max_length=80)
    start = models.PositiveIntegerField()
    """Where its references begin: at random, since a handset may still hold parts from
    before the last counter was removed."""
    used = models.PositiveIntegerField()
    """How many were taken, modulo 65536."""
    used_on = models.DateField()
    """The last day, in UTC. No time: within a day no index has to be written again."""

    objects = ConcatenationQuerySet.as_manager()

    class Meta:
        constraints = [
            # outbox.refer
            models.UniqueConstraint(fields=["recipient_key"], name="concatenation_recipient"),
        ]
        indexes = [models.Index(fields=["used_on"], name="concatenation_age")]  # sweep

    def __str__(self) -> str:
        return self.recipient_key
