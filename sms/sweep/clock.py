"""The database's clock, when somebody steps it: due times and leases are all by it.

After a step back, what was put in a queue before would be due only when the clock has come
that far again, and a dead worker's lease would hold until then. After a step ahead, every
lease looks as if its worker had gone; those who live renew theirs within seconds.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from sms import outbox, slots
from sms.models import Arrival, Callback, CallbackHost, Health, Message, ParkedReceipt, Slot
from sms.notify.notifier import LEASE_S as CALLBACK_LEASE_S

logger = logging.getLogger(__name__)

STEP: Final = timedelta(seconds=5)
"""Less is no step: what is due waits so long at most."""
SURE_S: Final = 1.0
"""A look that takes longer says nothing."""


class _Column(NamedTuple):
    model: Any
    name: str
    lease: timedelta | None = None
    """How far ahead it ever is, where it is a lease: what is within that is let alone, or a
    worker that has claimed since the step would lose what it sends just now."""


_COLUMNS: Final = (
    _Column(Message, "due_at"),
    _Column(Message, "locked_until", timedelta(seconds=outbox.LEASE_S)),
    _Column(Callback, "due_at"),
    _Column(Callback, "locked_until", timedelta(seconds=CALLBACK_LEASE_S)),
    _Column(CallbackHost, "probe_at"),
    _Column(Slot, "owned_until", slots.LEASE),
    _Column(Health, "retry_at"),
    _Column(ParkedReceipt, "due_at"),
    _Column(Arrival, "due_at"),
)


class Clock:
    """The database's clock, compared at every look with one that nobody steps."""

    def __init__(
        self,
        now: Callable[[], datetime] = outbox.now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._ahead: timedelta | None = None
        """Of the monotonic clock, when they were compared last."""

    def mend(self) -> timedelta:
        """Return by how much it was stepped since the last look; mend what a step back did."""
        began = self._monotonic()
        now = self._now()
        if self._monotonic() - began > SURE_S:
            return timedelta(0)
        ahead = now - datetime.fromtimestamp(began, now.tzinfo)
        step = ahead - (ahead if self._ahead is None else self._ahead)
        if abs(step) >= STEP:
            logger.warning("the database's clock was stepped by %.0f s", step.total_seconds())
            if step < timedelta(0):
                _bring_back(-step)
        self._ahead = ahead  # only now: where the database fails, the next look finds it again
        return step if abs(step) >= STEP else timedelta(0)


@transaction.atomic
def _bring_back(by: timedelta) -> None:
    """Give what lies ahead the time that it would have by the clock as it is now.

    All or nothing: what failed half-way would be done twice. Where several processes see the
    same step, what waits is due earlier by as much again; it is tried early, and never late.
    """
    for model, name, lease in _COLUMNS:
        rows = model.objects.filter(**{f"{name}__gt": Now() + (lease or timedelta(0))})
        rows.update(**{name: Now() + lease if lease else F(name) - by})
