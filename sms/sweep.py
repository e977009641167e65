"""Housekeeping of the queues, every second: what no pump sees, or no longer sees.

Everything here is idempotent and safe to run in several workers at once.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least, Now
from django.utils import timezone

from accounts import numbers
from accounts.models import Client
from sms import outbox, receive, routing, slots, wake
from sms.errors import ErrorCode
from sms.lifecycle import SegmentState, Status
from sms.models import Event, IdempotencyKey, Link, Message, Segment
from sms.models.message import MessageQuerySet
from sms.outbox import Move, SegmentWrite
from sms.outbox.engine import SMALLINT_MAX

BATCH = 500


def recover_leases() -> int:
    """Take back messages whose worker is gone: to the queue, or, if one may be out, to its end."""
    with transaction.atomic():
        abandoned = list(_locked().abandoned()[:BATCH])
        out = _submitting(abandoned)
        again = set(
            Link.objects.filter(on_unanswered=Link.OnUnanswered.RESEND).values_list("id", flat=True)
        )
        _settle_unanswered([m for m in abandoned if m.id in out and m.link_id not in again], out)
        _resend([m for m in abandoned if m.id not in out or m.link_id in again], out)
    if out:
        wake.notify()
    return len(abandoned)


def expire() -> int:
    """Fail messages whose validity ended while they waited."""
    now = timezone.now()
    with transaction.atomic():
        rows = list(_locked().waiting().filter(expires_at__lte=now)[:BATCH])
        outbox.record(
            moves=[
                Move(m.id, Status.FAILED, ErrorCode(m.retry_code or ErrorCode.UNREACHABLE_CARRIER))
                for m in rows
            ],
            events=[Event(message=m, kind=Event.Kind.EXPIRED) for m in rows],
        )
    if rows:
        wake.notify()
    return len(rows)


def hold() -> int:
    """Write *queued* on messages that wait because their link is down.

    Only those of the last minutes are looked at: of a long backlog the rest is marked already.
    """
    now = timezone.now()
    due = (now - timedelta(minutes=10), now - timedelta(seconds=1))
    stuck = (
        Message.objects.waiting()
        # The links by name, or the index of the queue would be read from end to end.
        .filter(status=Status.SENDING, link_id__in=slots.links_down(), due_at__range=due)
    )
    ids = list(stuck.values_list("id", flat=True)[:BATCH])
    waiting = Message.objects.waiting().filter(id__in=ids, status=Status.SENDING)
    return waiting.update(status=Status.QUEUED, date_updated=now)


def settle_unrouted() -> int:
    """Give messages that have no link one, or their end."""
    with transaction.atomic():
        unrouted = _locked().waiting().filter(link__isnull=True, due_at__lte=Now())
        rows = list(unrouted[:BATCH])
        if rows:
            routing.forget()  # one that has been added since would save them
        moves, events = [], []
        for message in rows:
            failure = _to_client(message) if message.is_to_client else _to_network(message)
            if failure:
                code, kind = failure
                moves.append(Move(message.id, Status.FAILED, code))
                events.append(Event(message=message, kind=kind))
        outbox.record(moves=moves, events=events)
    if moves:
        wake.notify()
    return len(rows)


def release_dead_callbacks() -> int:
    """Take back callbacks whose worker is gone: posted or not, they are posted again."""
    return outbox.release_callbacks()


def forget_idempotency_keys() -> int:
    """Remove keys that count no longer."""
    ids = list(IdempotencyKey.objects.expired().values_list("pk", flat=True)[:BATCH])
    return IdempotencyKey.objects.expired().filter(pk__in=ids).delete()[0] if ids else 0


TASKS: tuple[Callable[[], int], ...] = (
    recover_leases,
    expire,
    hold,
    settle_unrouted,
    release_dead_callbacks,
    receive.join_parked,
    forget_idempotency_keys,
)
"""What a sweep does, in order."""


def _locked() -> MessageQuerySet:
    """Lock what is read, weakly enough that others may still add rows that refer to it."""
    return Message.objects.select_for_update(skip_locked=True, no_key=True)


_Failure = tuple[ErrorCode, Event.Kind]


def _to_client(message: Message) -> _Failure:
    login = message.recipient.removeprefix(numbers.CLIENT_PREFIX)
    client = Client.objects.with_login(login).select_related("account").first()
    # A client of strangers counts as unknown: who exists there is not the sender's business.
    known = client and client.account.root() == message.account.root()
    code = ErrorCode.UNREACHABLE_HANDSET if known else ErrorCode.UNKNOWN_HANDSET
    return code, Event.Kind.CLIENT


def _to_network(message: Message) -> _Failure | None:
    way = routing.choose(message.recipient_key)
    if way is None:
        return ErrorCode.UNREACHABLE_CARRIER, Event.Kind.NO_ROUTE
    Message.objects.filter(id=message.id).update(link_id=way.link_id)
    transaction.on_commit(partial(wake.link, way.link_name))
    return None


def _submitting(messages: list[Message]) -> dict[int, list[int]]:
    """List the segments that may be out, by message."""
    rows = Segment.objects.filter(message__in=messages, state=SegmentState.SUBMITTING)
    out: dict[int, list[int]] = {}
    for segment_id, message_id in rows.values_list("id", "message_id"):
        out.setdefault(message_id, []).append(segment_id)
    return out


def _settle_unanswered(messages: list[Message], out: dict[int, list[int]]) -> None:
    word = "its worker went away before an answer was recorded"
    outbox.record(
        segments=[
            SegmentWrite(segment_id, SegmentState.SUBMITTING, SegmentState.UNANSWERED, answer=word)
            for message in messages
            for segment_id in out[message.id]
        ],
        moves=[Move(message.id, Status.FAILED, ErrorCode.NO_RESPONSE) for message in messages],
        events=[Event(message=m, kind=Event.Kind.UNANSWERED, raw=word) for m in messages],
    )


def _resend(messages: list[Message], out: dict[int, list[int]]) -> None:
    again = [id_ for message in messages for id_ in out.get(message.id, [])]
    # Unless its worker, late but alive, has recorded an answer meanwhile.
    submitting = Segment.objects.filter(id__in=again, state=SegmentState.SUBMITTING)
    submitting.update(state=SegmentState.DEFERRED)
    Message.objects.filter(id__in=[message.id for message in messages]).update(
        # Counted as an attempt: whoever claims it next looks at what its segments say.
        locked_by="",
        locked_until=None,
        attempts=Least(F("attempts") + 1, SMALLINT_MAX),
    )
    Event.objects.bulk_create(
        Event(message=message, kind=Event.Kind.LEASE_LOST) for message in messages
    )
