"""How many messages came to what, minute by minute. See sms/statistics."""

from django.db import models
from django.db.models import Q

from sms.lifecycle import Direction, Status
from sms.models.choices import choices
from sms.models.link import Link


class Stretch(models.Model):
    """Messages that lie side by side, by id, and are counted as one, as often as they change."""

    first_id = models.BigIntegerField(unique=True)
    last_id = models.BigIntegerField()
    opened_at = models.DateTimeField(help_text="It takes in newer messages for a minute.")
    from_at = models.DateTimeField(help_text="When its oldest message was accepted.")
    upto_at = models.DateTimeField(help_text="When its newest message was accepted.")
    looked_at = models.DateTimeField(null=True, help_text="When its count was last begun.")
    counted_at = models.DateTimeField(null=True, help_text="When its count was last written.")
    due_at = models.DateTimeField(null=True, help_text="Empty: nothing in it can change.")
    is_rolled = models.BooleanField(default=True, help_text="Hours have what its minutes say.")

    class Meta:
        indexes = [
            # statistics.counting: the next to look at
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="stretch_due"),
            # statistics.rolling
            models.Index(
                fields=["counted_at"], condition=Q(is_rolled=False), name="stretch_unrolled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} to {self.last_id}"


class _Row(models.Model):
    """A number of messages that were accepted in one span of time."""

    span_s = models.PositiveIntegerField(help_text="A minute, ten or an hour, in seconds.")
    at = models.DateTimeField(help_text="When the span begins.")
    stretch = models.ForeignKey(
        Stretch, models.CASCADE, null=True, related_name="+", help_text="Of minutes alone."
    )
    link = models.ForeignKey(Link, models.SET_NULL, null=True, db_index=False, related_name="+")
    messages = models.PositiveIntegerField()

    class Meta:
        abstract = True


class Tally(_Row):
    """So many messages of a span have this status by now."""

    direction = models.CharField(max_length=16, choices=choices(Direction))
    status = models.CharField(max_length=16, choices=choices(Status))
    error_code = models.PositiveIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["span_s", "at"], name="tally_span")]  # statistics.reading

    def __str__(self) -> str:
        return f"{self.at}: {self.messages} {self.status}"


class Delay(_Row):
    """So many messages of a span took so long for one step."""

    class Step(models.TextChoices):
        """Which part of a message's way."""

        SENT = "sent", "accepted to sent"
        DELIVERED = "delivered", "sent to delivered"

    step = models.CharField(max_length=16, choices=Step)
    upto_ms = models.PositiveIntegerField(help_text="And longer than the bound before it.")

    class Meta:
        indexes = [models.Index(fields=["span_s", "at"], name="delay_span")]  # statistics.reading

    def __str__(self) -> str:
        return f"{self.at}: {self.messages} {self.step} within {self.upto_ms} ms"
