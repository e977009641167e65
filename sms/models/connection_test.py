"""Tries to connect to a carrier that an operator asked for, and what came of them."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.secrets import EncryptedField
from sms.models.link import Link

WORKERS_LATE = timedelta(seconds=10)
"""After so long without a worker an operator is told that there may be none."""


class ConnectionTestQuerySet(models.QuerySet["ConnectionTest"]):
    """Connection tests, in our words."""

    def due(self) -> "ConnectionTestQuerySet":
        """Keep those that no worker has taken."""
        return self.filter(state=ConnectionTest.State.WAITING)

    def abandoned(self) -> "ConnectionTestQuerySet":
        """Keep those whose worker went away."""
        return self.filter(state=ConnectionTest.State.RUNNING, taken_until__lt=Now())


class ConnectionTest(models.Model):
    """One connection with a link's settings, made by a housekeeping worker and closed at once.

    The row is the order and its result. It holds the settings, since they may be of a form
    that was never saved, and only until the test is over: there are passwords among them.
    """

    class State(models.TextChoices):
        """How far it is, or what came of it."""

        WAITING = "waiting", "waits for a worker"
        RUNNING = "running", "connecting"
        CONNECTED = "connected", "connected"
        REFUSED = "refused", "refused"
        FAILED = "failed", "no connection"

    link = models.ForeignKey(
        Link, models.CASCADE, null=True, blank=True, related_name="connection_tests"
    )
    """None for one that is not saved yet."""
    settings = EncryptedField(blank=True)
    """The columns of a link, as JSON."""
    is_unsaved = models.BooleanField(default=False)
    """The settings were a form's, and not the link's own."""
    asked_by = models.CharField(max_length=150, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    taken_until = models.DateTimeField(null=True)
    """When its worker counts as gone."""
    host = models.CharField(max_length=255, blank=True)
    """Where the connection was made from: carriers let in addresses."""
    words = models.CharField(max_length=255, blank=True)
    took_ms = models.PositiveIntegerField(null=True)

    objects = ConnectionTestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "connected", "refused", "failed"]),
                name="connection_test_state",
            ),
        ]
        indexes = [
            # worker/trials, each second
            models.Index(
                fields=["asked_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="connection_test_due",
            ),
        ]

    def __str__(self) -> str:
        return f"test of {self.link or 'a new link'}: {self.state}"

    @property
    def is_over(self) -> bool:
        """Say whether there is a result."""
        return self.state not in (self.State.WAITING, self.State.RUNNING)

    @property
    def is_overdue(self) -> bool:
        """Say whether no worker has taken it although it has waited."""
        waits = self.state == self.State.WAITING
        return waits and timezone.now() - self.asked_at > WORKERS_LATE
