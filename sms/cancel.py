"""Cancel messages that wait: an operator's verb.

Only what no peer can have. A worker's claim and this lock the same row, so either the worker
has the message, and it is left alone, or it never gets it.
"""

from collections.abc import Collection
from typing import Final

from django.db import transaction

from sms import outbox, wake
from sms.errors import ErrorCode
from sms.lifecycle import FINAL, Direction, SegmentState, Status
from sms.models import Event, Message, Segment
from sms.outbox import Move
from staff import audit

BATCH = 500

Kept = dict[int, str]
"""Messages that were not cancelled, by id, and why, in words for who asked for it."""

_INBOUND: Final = "it came in; there is nothing to cancel"
_OVER: Final = "it is {} already"
_LEAVING: Final = "a worker is sending it just now, or its carrier has it"
_PERHAPS_OUT: Final = "its carrier has a part of it, or may have"


def cancel(ids: Collection[int], *, by: str) -> Kept:
    """Fail messages with 30004 before anything of them leaves; their callbacks tell it.

    Returns those that are left as they are.
    """
    asked = sorted(set(ids))
    kept: Kept = {}
    for at in range(0, len(asked), BATCH):
        kept |= _cancel(asked[at : at + BATCH], by)
    if len(kept) < len(asked):
        wake.notify()
    return kept


def refusals(messages: Collection[Message]) -> Kept:
    """Say which of these cannot be cancelled, and why, as their rows were when they were read."""
    parts = Segment.objects.filter(message__in=messages)
    begun = set(parts.values_list("message_id", flat=True))
    taken = parts.exclude(state=SegmentState.DEFERRED)
    out = set(taken.values_list("message_id", flat=True))
    # What went without an answer waits as *deferred* too, where its link sends it again;
    # it is pinned to that link. So is whatever goes to a SIP client, from the beginning.
    out |= {message.id for message in messages if message.is_pinned} & begun
    return {message.id: why for message in messages if (why := _refusal(message, out))}


def _cancel(ids: list[int], by: str) -> Kept:
    with transaction.atomic():
        rows = list(
            Message.objects.select_for_update(no_key=True).filter(id__in=ids).order_by("id")
        )
        kept = refusals(rows)
        over = [message for message in rows if message.id not in kept]
        outbox.record(
            moves=[Move(message.id, Status.FAILED, ErrorCode.BLOCKED) for message in over],
            events=[
                Event(message=message, kind=Event.Kind.CANCELLED, raw=f"by {by}"[:255])
                for message in over
            ],
        )
        audit.record_many(over, "cancelled")
    return kept


def _refusal(message: Message, out: Collection[int]) -> str:
    """Say why a message cannot be cancelled; empty when it can."""
    if message.direction == Direction.INBOUND:
        return _INBOUND
    if message.status in FINAL:
        return _OVER.format(message.status)
    if message.due_at is None or message.locked_until is not None:
        return _LEAVING
    return _PERHAPS_OUT if message.id in out else ""
