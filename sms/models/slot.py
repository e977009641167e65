"""The binds of a link, each owned by one worker at a time."""

from django.db import models
from django.utils import timezone

from sms.lifecycle import LinkState
from sms.models.choices import choices, one_of
from sms.models.link import Link


class Slot(models.Model):
    """One bind of a link, owned by at most one worker at a time, by lease.

    The first `Link.binds` slots are for connections; behind them workers stand by.
    """

    link = models.ForeignKey(Link, models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField(default=1)
    owner = models.CharField(max_length=32, blank=True)
    host = models.CharField(max_length=255, blank=True)
    pid = models.PositiveIntegerField(null=True)
    owned_until = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=16, choices=choices(LinkState), default=LinkState.STOPPED.value
    )
    detail = models.CharField(max_length=255, blank=True)
    tps = models.FloatField(default=0.0)
    """Its share of the link's rate; together they never exceed it. 0 where there is no limit."""
    changed_at = models.DateTimeField(default=timezone.now)
    in_flight = models.PositiveIntegerField(default=0, db_default=0)
    """Segments that waited for the peer's answer when its lease was renewed last."""
    throughput = models.FloatField(default=0.0, db_default=0.0)
    """Answers a second between its last two renewals."""
    errors = models.JSONField(null=True)
    """What the peer refused last, `[{"words", "times", "at"}]`, the newest first; see `slots`."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "number"], name="slot_number"),
            one_of("state", LinkState, name="slot_state"),
        ]

    def __str__(self) -> str:
        return f"{self.link_id}/{self.number}"

    @property
    def is_held(self) -> bool:
        """Say whether its worker has been heard of lately."""
        return bool(self.owner and self.owned_until and self.owned_until >= timezone.now())
