"""The timeline of a message: everything that happened to it, from all of its rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sms.lifecycle import Direction
from sms.models import Callback, CallbackAttempt, Event, Message, Segment


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    what: str
    raw: str = ""
    """In the words of the peer that said it."""


def timeline(message: Message) -> list[Entry]:
    """Tell a message's life, first things first."""
    # Where two times are equal the order of this list decides: causes before effects.
    entries = [
        _accepted(message),
        *(entry for segment in message.segments.all() for entry in _of_segment(segment)),
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
        return Entry(message.date_created, f"inbound message stored, {way}")
    route = message.routed_by or message.link
    where = f"for link {route}" if route else "without a link"
    return Entry(message.date_created, f"{message.direction} message accepted, {where}")


def _of_message(message: Message) -> Iterator[Entry]:
    if message.date_sent and message.segments.exists():
        yield Entry(message.date_sent, "sent: the peer has every segment")
    if message.locked_until is None and message.due_at:
        # The two times are of two clocks: the host's, and the database's.
        waits_from = max(message.due_at, message.date_created)
        yield Entry(waits_from, f"waits in its queue, {message.attempts} tries so far")


def _of_segment(segment: Segment) -> Iterator[Entry]:
    part = f"segment {segment.number}"
    tries = f", try {segment.attempts}" if segment.attempts > 1 else ""
    yield Entry(segment.submitted_at, f"{part} submitted over {segment.link}{tries}")
    if segment.answered_at:
        answer = f"{segment.answer} {segment.remote_id}".strip()
        yield Entry(segment.answered_at, f"{part} answered", answer)
    if segment.receipt_at:
        yield Entry(segment.receipt_at, f"{part} receipt: {segment.state}", segment.receipt)


def _of_event(event: Event) -> Entry:
    return Entry(event.at, event.get_kind_display(), event.raw)


def _of_callback(callback: Callback) -> Iterator[Entry]:
    is_inbound = callback.event == Callback.Event.INBOUND
    name = "call of its URL" if is_inbound else f"callback {callback.status}"
    yield Entry(callback.created_at, f"{name} owed")
    attempts = list(callback.attempts_made.all())
    for number, attempt in enumerate(attempts, start=1):
        told = f"{name} {_fate(callback, attempt, is_last=number == len(attempts))}, try {number}"
        yield Entry(
            attempt.at, told, f"{attempt}: {attempt.head}" if attempt.head else f"{attempt}"
        )
    if callback.finished_at and not attempts:  # never tried, or so long ago that the log is pruned
        yield Entry(callback.finished_at, f"{name} {callback.state}", callback.last_answer)


def _fate(callback: Callback, attempt: CallbackAttempt, *, is_last: bool) -> str:
    """Say what came of an attempt. A success was the end of it, until somebody repeated it."""
    if not attempt.error:
        return Callback.State.DELIVERED
    if is_last and callback.state == Callback.State.FAILED:
        return "given up"
    return "not taken"
