"""Messages whose worker went away."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least

from sms import outbox, wake
from sms.errors import ErrorCode
from sms.lifecycle import SegmentState, Status
from sms.models import Event, Link, Message, Segment
from sms.outbox import Move, SegmentWrite
from sms.outbox.engine import SMALLINT_MAX
from sms.sweep.batch import BATCH, locked


def recover_leases() -> int:
    """Take back messages whose worker is gone: to the queue, or, if one may be out, to its end."""
    with transaction.atomic():
        abandoned = list(locked().abandoned()[:BATCH])
        out = submitting(abandoned)
        again = set(
            Link.objects.filter(on_unanswered=Link.OnUnanswered.RESEND).values_list("id", flat=True)
        )
        _settle_unanswered([m for m in abandoned if m.id in out and m.link_id not in again], out)
        resend([m for m in abandoned if m.id not in out or m.link_id in again], out)
    if out:
        wake.notify()
    return len(abandoned)


def submitting(messages: list[Message]) -> dict[int, list[int]]:
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


def resend(messages: list[Message], out: dict[int, list[int]]) -> None:
    """Give messages back to their queue, those that may be out as well."""
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
    # Who went without an answer may be with this peer: no other link gets it.
    silent = [message.id for message in messages if message.id in out]
    Message.objects.filter(id__in=silent).update(is_pinned=True)
    Event.objects.bulk_create(
        Event(message=message, kind=Event.Kind.LEASE_LOST) for message in messages
    )
