"""The queue of callbacks: in order per message, fair between hosts, at least once."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from sms.outbox.engine import RowId, added, as_ids, as_rows, engine, fetch, run

LOOK_AHEAD = 500
"""Due rows of a host that one claim looks at, at most."""
_LOCK = 0x63616C6C
"""Claims take turns by this number: each must see what the others have under way."""

_QUEUED = "c.state = 'pending' AND c.locked_until IS NULL"


@dataclass(frozen=True, slots=True)
class ClaimedCallback:
    """A callback that this worker may now post."""

    id: int
    message_id: int
    account_id: int
    event: int
    status: str
    error_code: int | None
    url: str
    method: str
    host: str
    attempts: int
    """With the one it was claimed for."""
    age_s: float
    """Since it was owed, or repeated."""
    claimed_at: float
    """In seconds since 1970, by the database's clock: what is signed must not look old."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of an attempt. `delay_s` is until the next one; None when it is over."""

    id: int
    state: str
    last_answer: str
    delay_s: float | None = None
    url: str = ""
    """Where it goes from now on, with its method and host; "" for where it went."""
    method: str = ""
    host: str = ""
    was_deferred: bool = False
    """Whether it had been tried before: only then may something have been put behind it."""
    ago_s: float = 0.0
    """Since the attempt began."""
    status: int | None = None
    error: str = ""
    latency_ms: int = 0
    head: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """How many more callbacks a worker would post to a host now."""

    host: str
    room: int


def claim_callbacks(
    *, worker: str, rooms: Sequence[Room], share: int, lease_s: float
) -> list[ClaimedCallback]:
    """Claim due callbacks, of each message only the lowest event that is not finished.

    No host gets more than `share` under way, whichever workers have them.

    The order is tested here, by what the table holds now: marking the next one claimable
    when one finishes would strand a row inserted at that moment.
    """
    if not rooms:
        return []
    sql = engine()
    age = sql.seconds_until.format(column="coalesce(repeated_at, created_at)")
    chosen, parameters = _heads_of(rooms, share)
    statement = f"""
        UPDATE sms_callback AS c SET locked_by = %s, locked_until = {sql.ahead}
        WHERE {chosen} AND {_QUEUED}
        RETURNING id, message_id, account_id, event, status, error_code, url, method, host,
            {added("attempts")}, -({age}), {sql.epoch}
    """  # noqa: S608  # fragments of our own; values are parameters
    with transaction.atomic():
        take_turns()
        rows = fetch(statement, [worker, lease_s, *parameters])
    return sorted((ClaimedCallback(*row) for row in rows), key=lambda callback: callback.id)


def take_turns() -> None:
    """Wait until no other worker claims. Until the transaction ends; SQLite is so by itself."""
    if connection.vendor == "postgresql":
        fetch("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _heads_of(rooms: Sequence[Room], share: int) -> tuple[str, list[object]]:
    """Spell the choice of rows: of each host the first that are due and not blocked.

    The look ahead is bounded, and each row in it is asked by the index: a plan that joins
    would read everything that is pending.
    """
    sql = engine()
    head = f"""
        SELECT head.id FROM (
            SELECT c.id, c.message_id, c.event, c.due_at FROM sms_callback c
            WHERE c.host = {{host}} AND {_QUEUED} AND c.due_at <= {sql.now}
            ORDER BY c.due_at, c.id LIMIT {LOOK_AHEAD}
        ) head
        WHERE NOT EXISTS (
            SELECT 1 FROM sms_callback lower
            WHERE lower.message_id = head.message_id AND lower.event < head.event
              AND lower.state = 'pending' LIMIT 1 OFFSET 0)
        ORDER BY head.due_at, head.id LIMIT {{limit}}
    """  # noqa: S608
    if connection.vendor == "postgresql":
        limit = "greatest(least(r.room, %s - coalesce(u.n, 0)), 0)"
        return (
            f"""id = ANY (ARRAY(
            SELECT first.id FROM {sql.rows(host="text", room="integer")}
            LEFT JOIN (SELECT host, count(*) AS n FROM sms_callback
                       WHERE locked_until IS NOT NULL GROUP BY host) u ON u.host = r.host,
            LATERAL ({head.format(host="r.host", limit=limit)}) first))""",  # noqa: S608
            [as_rows(rooms), share],
        )
    # SQLite has no LATERAL: one part for each host.
    under_way = "(SELECT count(*) FROM sms_callback WHERE locked_until IS NOT NULL AND host = %s)"
    part = head.format(host="%s", limit=f"max(min(%s, %s - {under_way}), 0)")
    parts = " UNION ALL ".join(f"SELECT id FROM ({part})" for _ in rooms)  # noqa: S608
    return f"id IN ({parts})", [
        value for room in rooms for value in (room.host, room.room, share, room.host)
    ]


def reorder_callbacks(hosts: Sequence[str]) -> int:
    """Put events that wait for a lower one behind it in the queues of some hosts.

    Such an event is due when it is written; when the one before it has been deferred it would
    stand at the head all that time, and every claim would look at it in vain.
    """
    sql = engine()
    lower = """
        FROM sms_callback lower WHERE lower.message_id = {row}.message_id
          AND lower.event < {row}.event AND lower.state = 'pending'
    """
    # Each row asks by the unique index of message and event, and no other: to a WHERE that says
    # `locked_until IS NULL` PostgreSQL may answer by reading all that is pending.
    early = f"""
        SELECT head.id FROM (
            SELECT c.id, c.message_id, c.event, c.due_at FROM sms_callback c
            WHERE c.host = %s AND {_QUEUED} AND c.due_at <= {sql.now}
            ORDER BY c.due_at, c.id LIMIT {LOOK_AHEAD}
        ) head
        WHERE head.due_at < (
            SELECT max(CASE WHEN lower.locked_until IS NULL THEN lower.due_at END)
            {lower.format(row="head")})
    """  # noqa: S608
    statement = f"""
        UPDATE sms_callback AS c
        SET due_at = coalesce((SELECT max(lower.due_at) {lower.format(row="c")}), c.due_at)
        WHERE c.id {sql.among.format(query=early)} AND {_QUEUED}
    """  # noqa: S608
    return sum(run(statement, [host]) for host in hosts)


def record_callbacks(posted: Sequence[Posted], *, worker: str) -> set[int]:
    """Record attempts, and what follows from them: done, given up, or due again.

    Returns the callbacks that were still this worker's; of the others nothing is written.
    """
    if not posted:
        return set()
    rows, ids = as_rows(posted), as_ids(one.id for one in posted)
    retried = [one.id for one in posted if one.was_deferred and one.delay_s is None]
    if connection.vendor == "postgresql" and not retried:
        # One round trip, and one statement is a transaction by itself.
        statement = f"WITH done AS ({_outcomes()}), log AS ({_attempts('done')}) TABLE done"
        return {row[0] for row in fetch(statement, [rows, worker, ids, rows])}
    with transaction.atomic():
        won = {row[0] for row in fetch(_outcomes(), [rows, worker, ids])}
        recorded = as_rows([RowId(id_) for id_ in sorted(won)])
        done = f"(SELECT r.id FROM {engine().rows(id='bigint')})"  # noqa: S608
        run(_attempts(done), [rows, recorded])
        _let_go_on([id_ for id_ in retried if id_ in won])
    return won


def _outcomes() -> str:
    sql = engine()
    ahead = sql.ahead.replace("%s", "coalesce(r.delay_s, 0)")
    columns = sql.rows(
        id="bigint",
        state="text",
        last_answer="text",
        delay_s="double precision",
        url="text",
        method="text",
        host="text",
    )
    return f"""
        UPDATE sms_callback SET state = r.state, last_answer = r.last_answer, due_at = {ahead},
            locked_by = '', locked_until = NULL,
            url = CASE WHEN r.url <> '' THEN r.url ELSE sms_callback.url END,
            method = CASE WHEN r.url <> '' THEN r.method ELSE sms_callback.method END,
            host = CASE WHEN r.url <> '' THEN r.host ELSE sms_callback.host END,
            attempts = CASE WHEN r.url <> '' THEN 0 ELSE {added("sms_callback.attempts")} END,
            finished_at = CASE WHEN r.state = 'pending' THEN NULL ELSE {sql.now} END
        FROM {columns}
        WHERE sms_callback.id = r.id AND sms_callback.locked_by = %s
          AND {sql.named.format(column="sms_callback.id")}
        RETURNING sms_callback.id
    """  # noqa: S608


def _attempts(done: str) -> str:
    sql = engine()
    at = sql.ahead.replace("%s", "-r.ago_s")
    columns = sql.rows(
        id="bigint",
        ago_s="double precision",
        status="smallint",
        error="text",
        latency_ms="integer",
        head="text",
    )
    return f"""
        INSERT INTO sms_callbackattempt (callback_id, at, status, error, latency_ms, head)
        SELECT r.id, {at}, r.status, r.error, r.latency_ms, r.head
        FROM {columns} WHERE r.id IN (SELECT id FROM {done} AS won)
    """  # noqa: S608


def _let_go_on(ids: Sequence[int]) -> None:
    """Make due what `reorder_callbacks` had put behind callbacks that are finished now."""
    if not ids:
        return
    sql = engine()
    statement = f"""
        UPDATE sms_callback AS c SET due_at = {sql.now}
        FROM sms_callback lower, {sql.rows(id="bigint")}
        WHERE lower.id = r.id AND lower.state <> 'pending'
          AND c.message_id = lower.message_id AND c.event > lower.event
          AND {_QUEUED} AND c.attempts = 0 AND c.due_at > {sql.now}
    """  # noqa: S608
    run(statement, [as_rows([RowId(id_) for id_ in ids])])


def give_up_callbacks(*, after_s: float, limit: int) -> int:
    """Fail callbacks whose day of retries is over while their host would not be tried."""
    sql = engine()
    age = "coalesce(c.repeated_at, c.created_at)"
    oldest = f"""
        SELECT c.id FROM sms_callback c
        WHERE {_QUEUED} AND {age} < {sql.ahead} ORDER BY {age} LIMIT %s
    """  # noqa: S608
    statement = f"""
        UPDATE sms_callback AS c SET state = 'failed', finished_at = {sql.now},
            last_answer = CASE WHEN c.last_answer = '' THEN %s ELSE c.last_answer END
        WHERE c.id {sql.among.format(query=oldest)} AND {_QUEUED}
        RETURNING id
    """  # noqa: S608
    said = "never tried: the host did not answer others either"
    with transaction.atomic():
        ids = [row[0] for row in fetch(statement, [said, -after_s, limit])]
        _let_go_on(ids)
    return len(ids)


def prune_attempts(*, kept_s: float, limit: int) -> int:
    """Remove the oldest attempts. Looks at `limit` rows: they were written in their order."""
    sql = engine()
    statement = f"""
        DELETE FROM sms_callbackattempt WHERE id IN (
            SELECT head.id FROM (
                SELECT id, at FROM sms_callbackattempt ORDER BY id LIMIT %s) head
            WHERE head.at < {sql.ahead})
    """  # noqa: S608
    return run(statement, [limit, -kept_s])


def release_callbacks(*, worker: str | None = None) -> int:
    """Give callbacks back: those of a worker that stops, or (None) those of the dead."""
    held = "locked_by = %s" if worker else f"locked_until < {engine().now}"
    statement = f"""
        UPDATE sms_callback SET locked_by = '', locked_until = NULL
        WHERE locked_until IS NOT NULL AND {held}
    """  # noqa: S608
    return run(statement, [worker] if worker else [])
