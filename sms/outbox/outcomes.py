"""What becomes of messages and their segments, and the callbacks that they owe for it."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from django.db import transaction

from sms import journal, meters, months
from sms.errors import ErrorCode
from sms.lifecycle import SegmentState, Status, sources
from sms.models import Callback, Event
from sms.outbox.engine import RowId, added, as_ids, as_rows, engine, fetch, run, storable

_ENDS_OF_QUEUE = frozenset({Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED})


@dataclass(frozen=True, slots=True)
class SegmentWrite:
    """What became of a segment; only the state it was in before may change to this."""

    id: int
    before: SegmentState
    state: SegmentState
    remote_id: str = ""
    remote_key: str = ""
    answer: str = ""
    receipt: str = ""
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A message that leaves its queue: it was sent, or has come to its end."""

    message_id: int
    status: Status
    error_code: ErrorCode | None = None

    def __post_init__(self) -> None:
        """Refuse what leaves a message in its queue: written as a move it would be lost."""
        if self.status not in _ENDS_OF_QUEUE:
            raise ValueError(f"{self.status} is no way out of a queue")


@dataclass(frozen=True, slots=True)
class Deferral:
    """A message that goes back to its queue for a while."""

    message_id: int
    delay_s: float
    retry_code: ErrorCode | None = None
    refusals: int = 0
    """1 when the peer's word counts among the tries; a lost line, or its rate, does not."""
    link_id: int | None = None
    """Another link, whose queue it goes to; None leaves it where it is."""
    tried: str | None = None
    """The links that it was moved from in this round; None leaves them as they are."""
    pins: bool = False
    """The peer may have a part of it: from now on no other link gets it."""


class Recorded(NamedTuple):
    """What a batch did change; what is missing was settled by somebody else."""

    segments: set[int]
    messages: set[int]
    callbacks: int
    """How many came to be due."""


def record(
    *,
    segments: Sequence[SegmentWrite] = (),
    moves: Sequence[Move] = (),
    deferrals: Sequence[Deferral] = (),
    events: Sequence[Event] = (),
    worker: str | None = None,
) -> Recorded:
    """Record a batch in one transaction: segments, messages, the callbacks they owe, events.

    With `worker`, only messages under its lease move.
    """
    # Inside of another transaction it fails with that: a savepoint costs two round trips.
    with transaction.atomic(savepoint=False):
        written = _write_segments(segments)
        moved: set[int] = set()
        callbacks = 0
        for status in {move.status for move in moves}:
            ids, owed = _move([m for m in moves if m.status == status], status, worker)
            moved |= ids
            callbacks += owed
        moved |= _defer(deferrals, worker)
        Event.objects.bulk_create(map(_fresh, events))
    return Recorded(written, moved, callbacks)


def _fresh(event: Event) -> Event:
    """Copy an event to be written.

    A row keeps the key it was given, even when the transaction is rolled back, and would
    bring it along to a second try, when it may be another's.
    """
    event = copy(event)
    event.raw = storable(event.raw)
    return event


def _write_segments(segments: Sequence[SegmentWrite]) -> set[int]:
    if not segments:
        return set()
    sql = engine()
    columns = sql.rows(
        id="bigint",
        before="text",
        state="text",
        remote_id="text",
        remote_key="text",
        answer="text",
        receipt="text",
        error_code="integer",
    )
    statement = f"""
        UPDATE sms_segment SET
            state = r.state,
            remote_id = CASE WHEN r.remote_id <> '' THEN r.remote_id ELSE sms_segment.remote_id END,
            remote_key =
                CASE WHEN r.remote_key <> '' THEN r.remote_key ELSE sms_segment.remote_key END,
            answer = CASE WHEN r.answer <> '' THEN r.answer ELSE sms_segment.answer END,
            answered_at = CASE WHEN r.answer <> '' THEN {sql.now} ELSE answered_at END,
            receipt = CASE WHEN r.receipt <> '' THEN r.receipt ELSE sms_segment.receipt END,
            receipt_at = CASE WHEN r.receipt <> '' THEN {sql.now} ELSE receipt_at END,
            error_code = r.error_code
        FROM {columns}
        WHERE sms_segment.id = r.id AND sms_segment.state = r.before
          AND {sql.named.format(column="sms_segment.id")}
        RETURNING sms_segment.id
    """  # noqa: S608
    ids = as_ids(segment.id for segment in segments)
    return {row[0] for row in fetch(statement, [as_rows(segments), ids])}


def _move(moves: Sequence[Move], status: Status, worker: str | None) -> tuple[set[int], int]:
    """Move messages to one status, from where TRANSITIONS allows it; count their callbacks."""
    sql = engine()
    before = ", ".join(f"'{source}'" for source in sources(status))
    sent = f", date_sent = {sql.now}" if status == Status.SENT else ""
    lease = "AND sms_message.locked_by = %s" if worker else ""
    ids = [move.message_id for move in moves]
    statement = f"""
        UPDATE sms_message SET status = '{status}', error_code = r.error_code, due_at = NULL,
            locked_by = '', locked_until = NULL, date_updated = {sql.now} {sent}
        FROM {sql.rows(message_id="bigint", error_code="integer")}
        WHERE sms_message.id = r.message_id AND sms_message.status IN ({before}) {lease}
          AND {sql.named.format(column="sms_message.id")}
          AND {months.within("sms_message.id", ids)}
        RETURNING sms_message.id, sms_message.link_id, sms_message.error_code,
            -{sql.seconds_until.format(column="date_created")},
            -{sql.seconds_until.format(column="date_sent")}, sms_message.callback_url <> ''
    """  # noqa: S608
    parameters = [as_rows(moves), *([worker] if worker else []), as_ids(ids)]
    rows = fetch(statement, parameters)
    transaction.on_commit(partial(_count, status, rows))
    callbacks = _owe_callbacks([row[0] for row in rows if row[-1]], status)
    return {row[0] for row in rows}, callbacks


def _count(status: Status, rows: Sequence[tuple[Any, ...]]) -> None:
    """Count and log messages that moved; times are from the database's clock alone."""
    journal.moved(status.value, [row[0] for row in rows])
    for _, link_id, error_code, created_s, sent_s, _ in rows:
        meters.MESSAGES.count(status.value, str(error_code or ""))
        if status == Status.SENT:
            meters.SENT_AFTER.observe(created_s, str(link_id))
        elif status == Status.DELIVERED and sent_s is not None:
            meters.DELIVERED_AFTER.observe(sent_s, str(link_id))


def _owe_callbacks(message_ids: Sequence[int], status: Status) -> int:
    """Write the callback rows of messages that moved and have a URL; count them.

    The row before a failure tells which of the two events it is: one that had been sent
    fails in delivery, one that never was fails in the sent event, and no other follows.
    Source: API document, "StatusCallback".
    """
    if not message_ids:
        return 0
    sql = engine()
    delivery = Callback.Event.DELIVERY.value
    event = {
        Status.SENT: str(Callback.Event.SENT.value),
        Status.FAILED: f"CASE WHEN m.date_sent IS NULL THEN {Callback.Event.SENT.value} "
        f"ELSE {delivery} END",
    }.get(status, str(delivery))
    statement = f"""
        INSERT INTO sms_callback (message_id, account_id, event, status, error_code, url, method,
            host, state, created_at, due_at, locked_by, attempts, last_answer)
        SELECT m.id, m.account_id, {event}, m.status, m.error_code, m.callback_url,
            m.callback_method, m.callback_host, 'pending', {sql.now}, {sql.now}, '', 0, ''
        FROM {sql.rows(id="bigint")} JOIN sms_message m ON m.id = r.id
        WHERE {sql.named.format(column="m.id")} AND {months.within("m.id", message_ids)}
        ON CONFLICT DO NOTHING
    """  # noqa: S608  # SQLite takes ON for the join's without WHERE
    rows = as_rows([RowId(message_id) for message_id in message_ids])
    return run(statement, [rows, as_ids(message_ids)])


def _defer(deferrals: Sequence[Deferral], worker: str | None) -> set[int]:
    if not deferrals:
        return set()
    sql = engine()
    ahead = sql.ahead.replace("%s", "r.delay_s")
    columns = sql.rows(
        message_id="bigint",
        delay_s="double precision",
        retry_code="integer",
        refusals="integer",
        link_id="bigint",
        tried="text",
        pins="boolean",
    )
    lease = "AND sms_message.locked_by = %s" if worker else ""
    ids = [deferral.message_id for deferral in deferrals]
    statement = f"""
        UPDATE sms_message SET due_at = {ahead}, locked_by = '', locked_until = NULL,
            status = CASE WHEN r.delay_s > 1 THEN '{Status.QUEUED}' ELSE sms_message.status END,
            attempts = {added("attempts")},
            refusals = {added("sms_message.refusals", "r.refusals")},
            retry_code = coalesce(r.retry_code, sms_message.retry_code), date_updated = {sql.now},
            link_id = coalesce(r.link_id, sms_message.link_id),
            tried_links = coalesce(r.tried, sms_message.tried_links),
            is_pinned = (sms_message.is_pinned OR r.pins)
        FROM {columns}
        WHERE sms_message.id = r.message_id AND sms_message.due_at IS NOT NULL {lease}
          AND {sql.named.format(column="sms_message.id")}
          AND {months.within("sms_message.id", ids)}
        RETURNING sms_message.id
    """  # noqa: S608
    parameters = [as_rows(deferrals), *([worker] if worker else []), as_ids(ids)]
    return {row[0] for row in fetch(statement, parameters)}
