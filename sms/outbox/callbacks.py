"""The queue of callbacks: in order per message, at least once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sms.outbox.engine import added, as_rows, engine, fetch, run


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
    age_s: float


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


@dataclass(frozen=True, slots=True)
class BusyHost:
    """A host that has as many callbacks under way as it may."""

    host: str


def claim_callbacks(
    *, worker: str, limit: int, lease_s: float, busy: Sequence[BusyHost] = ()
) -> list[ClaimedCallback]:
    """Claim due callbacks, of each message only the lowest event that is not finished.

    Those of busy hosts are passed over.

    The order is tested here, by what the table holds now: marking the next one claimable
    when one finishes would strand a row inserted at that moment.
    """
    sql = engine()
    age = sql.seconds_until.format(column="created_at")
    passed_over = f"AND c.host NOT IN (SELECT r.host FROM {sql.rows(host='text')})" if busy else ""  # noqa: S608
    statement = f"""
        UPDATE sms_callback SET locked_by = %s, locked_until = {sql.ahead},
            attempts = {added("attempts")}
        WHERE id IN (
            SELECT c.id FROM sms_callback c
            WHERE c.state = 'pending' AND c.due_at <= {sql.now} AND c.locked_until IS NULL
              AND NOT EXISTS (
                SELECT 1 FROM sms_callback lower
                WHERE lower.message_id = c.message_id AND lower.event < c.event
                  AND lower.state = 'pending')
              {passed_over}
            ORDER BY c.due_at, c.id LIMIT %s {sql.skip_locked}
        )
        RETURNING id, message_id, account_id, event, status, error_code, url, method, host,
            attempts, -({age})
    """  # noqa: S608  # fragments of our own; values are parameters
    busy_rows = [as_rows(busy)] if busy else []
    rows = fetch(statement, [worker, lease_s, *busy_rows, limit])
    return sorted((ClaimedCallback(*row) for row in rows), key=lambda callback: callback.id)


def record_callbacks(posted: Sequence[Posted], *, worker: str) -> int:
    """Record attempts: done, given up, or due again."""
    if not posted:
        return 0
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
    statement = f"""
        UPDATE sms_callback SET state = r.state, last_answer = r.last_answer, due_at = {ahead},
            locked_by = '', locked_until = NULL,
            url = CASE WHEN r.url <> '' THEN r.url ELSE sms_callback.url END,
            method = CASE WHEN r.url <> '' THEN r.method ELSE sms_callback.method END,
            host = CASE WHEN r.url <> '' THEN r.host ELSE sms_callback.host END,
            attempts = CASE WHEN r.url <> '' THEN 0 ELSE sms_callback.attempts END,
            finished_at = CASE WHEN r.state = 'pending' THEN NULL ELSE {sql.now} END
        FROM {columns}
        WHERE sms_callback.id = r.id AND sms_callback.locked_by = %s
    """  # noqa: S608
    return run(statement, [as_rows(posted), worker])


def release_callbacks(*, worker: str | None = None) -> int:
    """Give callbacks back: those of a worker that stops, or (None) those of the dead."""
    held = "locked_by = %s" if worker else f"locked_until < {engine().now}"
    statement = f"""
        UPDATE sms_callback SET locked_by = '', locked_until = NULL
        WHERE locked_until IS NOT NULL AND {held}
    """  # noqa: S608
    return run(statement, [worker] if worker else [])
