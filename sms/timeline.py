"""The timeline of a message: everything that happened to it, from all of its rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sms.lifecycle import Direction, SegmentState
from sms.models import Callback, CallbackAttempt, Event, Link, Message, Segment


class Tone(StrEnum):
    """How good the news is."""

    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    what: str
    raw: str = ""
    """In the words of the peer that said it."""
    tone: Tone = Tone.PLAIN
    link: Link | None = None
    """Over which it happened, for a page that leads there."""
    callback: Callback | None = None
    """Which it is of, likewise."""
    quotes_text: bool = False
    """The raw words may have some of a message's text, which not everybody may read."""


_TONES: Final = {
    Event.Kind.DEFERRED: Tone.WARNING,
    Event.Kind.REFUSED: Tone.BAD,
    Event.Kind.UNANSWERED: Tone.BAD,
    Event.Kind.LEASE_LOST: Tone.WARNING,
    Event.Kind.REROUTED: Tone.WARNING,
    Event.Kind.OVERFLOW: Tone.BAD,
    Event.Kind.TOO_EXPENSIVE: Tone.BAD,
    Event.Kind.BROKEN: Tone.BAD,
    Event.Kind.EXPIRED: Tone.BAD,
    Event.Kind.NO_ROUTE: Tone.BAD,
    Event.Kind.BLOCKED: Tone.BAD,
    Event.Kind.SUSPENDED: Tone.BAD,
    Event.Kind.CANCELLED: Tone.BAD,
    Event.Kind.CLIENT: Tone.BAD,
    Event.Kind.UNROUTED: Tone.BAD,
    Event.Kind.NOT_TOLD: Tone.WARNING,
    Event.Kind.PART_MISSING: Tone.BAD,
}
"""Of events; what is not here is neither good nor bad."""

_ANSWERS: Final = {
    SegmentState.REFUSED: Tone.BAD,
    SegmentState.UNANSWERED: Tone.BAD,
    SegmentState.DEFERRED: Tone.WARNING,
}
"""Of a segment's answer, by where it led; whatever else had a good one."""

_RECEIPTS: Final = {
    SegmentState.DELIVERED: Tone.GOOD,
    SegmentState.UNDELIVERED: Tone.BAD,
    SegmentState.FAILED: Tone.BAD,
}

_FATES: Final = {Callback.State.DELIVERED: Tone.GOOD, Callback.State.FAILED: Tone.BAD}


def timeline(message: Message) -> list[Entry]:
    """Tell a message's life, first things first."""
    # Where two times are equal the order of this list decides: causes before effects.
    entries = [
        _accepted(message),
        *(
            entry
            for segment in message.segments.select_related("link")
            for entry in _of_segment(segment)
        ),
        *(_of_event(event) for event in message.events.all()),
        *_of_message(message),
        *(
            entry
            for callback in message.callbacks.prefetch_related("attempts_made")
            for entry in _of_callback(callback)
        ),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def _accepted(message: Message) -> Entry:
    if message.direction == Direction.INBOUND:
        way = f"over {message.link}" if message.link else "without a link"
        return Entry(message.date_created, f"inbound message stored, {way}", link=message.link)
    route = message.routed_by or message.link
    where = f"for link {route}" if route else "without a link"
    what = f"{message.direction} message accepted, {where}"
    return Entry(message.date_created, what, link=message.link)


def _of_message(message: Message) -> Iterator[Entry]:
    if message.date_sent and message.segments.exists():
        yield Entry(message.date_sent, "sent: the peer has every segment", tone=Tone.GOOD)
    if message.locked_until is None and message.due_at:
        # The two times are of two clocks: the host's, and the database's.
        waits_from = max(message.due_at, message.date_created)
        yield Entry(waits_from, f"waits in its queue, {message.attempts} tries so far")


def _of_segment(segment: Segment) -> Iterator[Entry]:
    part, link = f"segment {segment.number}", segment.link
    state = SegmentState(segment.state)
    tries = f", try {segment.attempts}" if segment.attempts > 1 else ""
    yield Entry(segment.submitted_at, f"{part} submitted over {link}{tries}", link=link)
    if segment.answered_at:
        answer = f"{segment.answer} {segment.remote_id}".strip()
        tone = _ANSWERS.get(state, Tone.GOOD)
        yield Entry(segment.answered_at, f"{part} answered", answer, tone, link)
    if segment.receipt_at:
        tone = _RECEIPTS.get(state, Tone.PLAIN)
        what = f"{part} receipt: {segment.state}"
        yield Entry(segment.receipt_at, what, segment.receipt, tone, link)


def _of_event(event: Event) -> Entry:
    return Entry(
        event.at,
        event.get_kind_display(),
        event.raw,
        _TONES.get(Event.Kind(event.kind), Tone.PLAIN),
        quotes_text=event.kind == Event.Kind.ANSWER,
    )


def _of_callback(callback: Callback) -> Iterator[Entry]:
    is_inbound = callback.event == Callback.Event.INBOUND
    name = "call of its URL" if is_inbound else f"callback “{callback.status}”"
    yield Entry(callback.created_at, f"{name} owed", callback=callback)
    attempts = list(callback.attempts_made.all())
    for number, attempt in enumerate(attempts, start=1):
        told = f"{name} {_fate(callback, attempt, is_last=number == len(attempts))}, try {number}"
        yield Entry(
            attempt.at,
            told,
            f"{attempt}: {attempt.head}" if attempt.head else f"{attempt}",
            Tone.BAD if attempt.error else Tone.GOOD,
            callback=callback,
            # What an application answers to an inbound message may be the text of a reply.
            quotes_text=is_inbound and bool(attempt.head),
        )
    if callback.finished_at and not attempts:  # never tried, or so long ago that the log is pruned
        tone = _FATES.get(Callback.State(callback.state), Tone.PLAIN)
        what = f"{name} {callback.state}"
        yield Entry(callback.finished_at, what, callback.last_answer, tone, callback=callback)


def _fate(callback: Callback, attempt: CallbackAttempt, *, is_last: bool) -> str:
    """Say what came of an attempt. A success was the end of it, until somebody repeated it."""
    if not attempt.error:
        return Callback.State.DELIVERED
    if is_last and callback.state == Callback.State.FAILED:
        return "given up"
    return "not taken"
