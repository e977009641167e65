"""The queue of a link: claiming what is due, holding on to it, marking what is about to leave."""

from collections.abc import Sequence
from dataclasses import dataclass

from sms import months
from sms.lifecycle import Status
from sms.outbox.engine import RowId, added, as_ids, as_rows, engine, fetch, run


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker may now send, for as long as it renews its lease."""

    id: int
    sid: str
    account_id: int
    sender: str
    recipient: str
    recipient_key: str
    body: str
    encoding: str
    attempts: int
    refusals: int
    retry_code: int | None
    reference: int | None
    expires_in_s: float
    account_status: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A segment whose octets are about to leave."""

    message_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Marked:
    """A segment that may now be sent: its row says *submitting*."""

    id: int
    message_id: int
    number: int


def claim(*, link_id: int, worker: str, limit: int, lease_s: float) -> list[Claimed]:
    """Claim up to `limit` due messages of a link, first in, first out.

    What another worker took is not among them. One that had to wait says *sending* again:
    written here, since a statement of its own costs as much as the claim.
    """
    sql = engine()
    remaining = sql.seconds_until.format(column="expires_at")
    waited = f"status = '{Status.QUEUED}'"
    first = f"""
            SELECT id FROM sms_message
            WHERE link_id = %s AND due_at <= {sql.now} AND due_at IS NOT NULL
              AND locked_until IS NULL
            ORDER BY due_at, id LIMIT %s {sql.skip_locked}
    """  # noqa: S608  # fragments of our own; values are parameters
    statement = f"""
        UPDATE sms_message SET locked_by = %s, locked_until = {sql.ahead},
            date_updated = CASE WHEN {waited} THEN {sql.now} ELSE date_updated END,
            status = CASE WHEN {waited} THEN '{Status.SENDING}' ELSE status END
        WHERE id {sql.among.format(query=first)}
        RETURNING id, sid, account_id, sender, recipient, recipient_key, body, encoding,
            attempts, refusals, retry_code, reference, {remaining},
            (SELECT status FROM accounts_account
             WHERE accounts_account.id = sms_message.account_id)
    """  # noqa: S608
    rows = fetch(statement, [worker, lease_s, link_id, limit])
    return sorted((Claimed(*row) for row in rows), key=lambda claimed: claimed.id)


def mark(marks: Sequence[Mark], *, worker: str) -> list[Marked]:
    """Write that segments are about to leave; return those that may, which is not all.

    Left out are those whose lease is gone, and those that a peer has taken already.
    """
    if not marks:
        return []
    sql = engine()
    message_ids = [mark.message_id for mark in marks]
    statement = f"""
        INSERT INTO sms_segment (message_id, number, link_id, state, attempts, remote_id,
            remote_key, answer, receipt, submitted_at)
        SELECT r.message_id, r.number, m.link_id, 'submitting', 1, '', '', '', '', {sql.now}
        FROM {sql.rows(message_id="bigint", number="smallint")}
        JOIN sms_message m ON m.id = r.message_id
        WHERE m.locked_by = %s AND m.locked_until > {sql.now}
          AND {sql.named.format(column="m.id")} AND {months.within("m.id", message_ids)}
        ON CONFLICT (message_id, number) DO UPDATE
            SET state = 'submitting', attempts = {added("sms_segment.attempts")},
                link_id = excluded.link_id, submitted_at = excluded.submitted_at
            WHERE sms_segment.state = 'deferred'
        RETURNING id, message_id, number
    """  # noqa: S608
    parameters = [as_rows(marks), worker, as_ids(message_ids)]
    return [Marked(*row) for row in fetch(statement, parameters)]


def release(message_ids: Sequence[int], *, worker: str) -> int:
    """Give claimed messages back to the queue, at once."""
    if not message_ids:
        return 0
    sql = engine()
    statement = f"""
        UPDATE sms_message SET locked_by = '', locked_until = NULL
        WHERE locked_by = %s AND id IN (SELECT r.id FROM {sql.rows(id="bigint")})
          AND {sql.named.format(column="id")} AND {months.within("id", message_ids)}
    """  # noqa: S608
    rows = as_rows([RowId(message_id) for message_id in message_ids])
    return run(statement, [worker, rows, as_ids(message_ids)])


def renew(message_ids: Sequence[int], *, worker: str, lease_s: float) -> int:
    """Hold on to claimed messages.

    Named one by one: a row that a worker took and lost sight of, because the database went
    away in between, has to come back to the sweep.
    """
    if not message_ids:
        return 0
    sql = engine()
    statement = f"""
        UPDATE sms_message SET locked_until = {sql.ahead}
        WHERE locked_by = %s AND id IN (SELECT r.id FROM {sql.rows(id="bigint")})
          AND {sql.named.format(column="id")} AND {months.within("id", message_ids)}
    """  # noqa: S608
    rows = as_rows([RowId(message_id) for message_id in message_ids])
    return run(statement, [lease_s, worker, rows, as_ids(message_ids)])
