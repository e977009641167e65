"""Housekeeping of the queues, every second: what no pump sees, or no longer sees.

clock.py     what a step of the database's clock does
leases.py    messages whose worker went away
waiting.py   messages that wait in a queue
backlog.py   how long the queues are
failover.py  messages that wait for a link in trouble
unrouted.py  messages without a link
retention.py what becomes of old messages
months.py    messages that are kept by the month
planner.py   what PostgreSQL's planner knows of tables that grow fast
bindings.py  where clients were
references.py counters of long messages
callbacks.py callbacks whose worker or whose time is gone, and old attempts
batch.py     how much at once, and how rows are locked

Everything here is idempotent and safe to run in several workers at once.
"""

from collections.abc import Callable

from sms import receive, statistics
from sms.models import IdempotencyKey
from sms.sweep.backlog import measure
from sms.sweep.batch import BATCH
from sms.sweep.bindings import forget_bindings
from sms.sweep.callbacks import give_up_callbacks, prune_attempts, release_dead_callbacks
from sms.sweep.clock import Clock
from sms.sweep.failover import move_waiting
from sms.sweep.leases import recover_leases
from sms.sweep.months import keep_months
from sms.sweep.planner import inform_planner
from sms.sweep.references import forget_references
from sms.sweep.retention import prune_messages, redact_bodies
from sms.sweep.unrouted import settle_unrouted
from sms.sweep.waiting import expire, hold
from staff.retention import forget_old

__all__ = [
    "BATCH",
    "TASKS",
    "Clock",
    "expire",
    "hold",
    "inform_planner",
    "measure",
    "move_waiting",
    "recover_leases",
    "release_dead_callbacks",
    "settle_unrouted",
]


def forget_idempotency_keys() -> int:
    """Remove keys that count no longer."""
    ids = list(IdempotencyKey.objects.expired().values_list("pk", flat=True)[:BATCH])
    return IdempotencyKey.objects.expired().filter(pk__in=ids).delete()[0] if ids else 0


TASKS: tuple[Callable[[], int], ...] = (
    recover_leases,
    expire,
    measure,
    move_waiting,
    hold,
    settle_unrouted,
    release_dead_callbacks,
    give_up_callbacks,
    prune_attempts,
    forget_bindings,
    forget_references,
    receive.join_parked,
    receive.settle_arrivals,
    forget_idempotency_keys,
    redact_bodies,
    prune_messages,
    keep_months,
    inform_planner,
    forget_old,
    statistics.count_messages,
    statistics.roll_up,
)
"""What a sweep does, in order."""
