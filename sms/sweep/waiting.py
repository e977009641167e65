"""Messages that wait in a queue."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from sms import outbox, slots, wake
from sms.errors import ErrorCode
from sms.lifecycle import CircuitState, Status
from sms.models import Event, Health, Message
from sms.outbox import Move
from sms.sweep.batch import BATCH, locked

_UNREACHED = ErrorCode.UNREACHABLE_CARRIER


def expire() -> int:
    """Fail messages whose validity ended while they waited."""
    with transaction.atomic():
        rows = list(locked().waiting().filter(expires_at__lte=Now())[:BATCH])
        outbox.record(
            moves=[
                Move(m.id, Status.FAILED, ErrorCode.stored(m.retry_code or _UNREACHED))
                for m in rows
            ],
            events=[Event(message=m, kind=Event.Kind.EXPIRED) for m in rows],
        )
    if rows:
        wake.notify()
    return len(rows)


def hold() -> int:
    """Write *queued* on messages that wait because their link is down or its circuit open.

    Only those of the last minutes are looked at: of a long backlog the rest is marked already.
    """
    due = (Now() - timedelta(minutes=10), Now() - timedelta(seconds=1))
    stuck = (
        Message.objects.waiting()
        # The links by name, or the index of the queue would be read from end to end.
        .filter(status=Status.SENDING, link_id__in=_held(), due_at__range=due)
    )
    ids = list(stuck.values_list("id", flat=True)[:BATCH])
    waiting = Message.objects.waiting().filter(id__in=ids, status=Status.SENDING)
    return waiting.update(status=Status.QUEUED, date_updated=Now())


def _held() -> set[int]:
    """List the links that take nothing now."""
    open_ones = Health.objects.exclude(circuit=CircuitState.CLOSED)
    return slots.links_down() | set(open_ones.values_list("link_id", flat=True))
