"""From one link's queue to another's, and how long a queue is."""

from collections.abc import Sequence
from dataclasses import dataclass

from sms import months
from sms.lifecycle import SegmentState
from sms.outbox.engine import as_ids, as_rows, engine, fetch


@dataclass(frozen=True, slots=True)
class Transfer:
    """A waiting message that goes from one queue, or from none, to another."""

    message_id: int
    from_id: int | None
    to_id: int
    tried: str = ""
    routed_by: str = ""
    """The first decision about it; empty leaves what was decided before."""


def transfer(transfers: Sequence[Transfer]) -> set[int]:
    """Move waiting messages; return the ids of those that did move.

    Left where they are: what a worker has claimed or somebody else has moved, and every
    message that a peer has a part of, or may have. Due from now on: how long it waited for
    one link says nothing about the other.
    """
    if not transfers:
        return set()
    sql = engine()
    ids = [one.message_id for one in transfers]
    columns = sql.rows(
        message_id="bigint", from_id="bigint", to_id="bigint", tried="text", routed_by="text"
    )
    statement = f"""
        UPDATE sms_message SET link_id = r.to_id, tried_links = r.tried, due_at = {sql.now},
            routed_by = CASE WHEN r.routed_by <> '' THEN r.routed_by
                ELSE sms_message.routed_by END,
            date_updated = {sql.now}
        FROM {columns}
        WHERE sms_message.id = r.message_id AND {sql.named.format(column="sms_message.id")}
          AND {months.within("sms_message.id", ids)}
          AND coalesce(sms_message.link_id, 0) = coalesce(r.from_id, 0)
          AND sms_message.due_at IS NOT NULL AND sms_message.locked_until IS NULL
          AND NOT sms_message.is_pinned
          AND NOT EXISTS (
              SELECT 1 FROM sms_segment s WHERE s.message_id = sms_message.id
              AND s.state <> '{SegmentState.DEFERRED}'
          )
        RETURNING sms_message.id
    """  # noqa: S608  # fragments of our own; values are parameters
    return {row[0] for row in fetch(statement, [as_rows(transfers), as_ids(ids)])}


def oldest_due_s(link_id: int) -> float:
    """Tell for how many seconds the first of a link's queue has been due; 0 for none."""
    sql = engine()
    statement = f"""
        SELECT {sql.seconds_until.format(column="min(due_at)")} FROM sms_message
        WHERE link_id = %s AND due_at <= {sql.now} AND due_at IS NOT NULL
          AND locked_until IS NULL
    """  # noqa: S608
    [(seconds,)] = fetch(statement, [link_id])
    return -(seconds or 0.0)


def depth(link_id: int, limit: int) -> int:
    """Count the messages that wait for a link, up to a limit."""
    statement = """
        SELECT count(*) FROM (
            SELECT 1 FROM sms_message
            WHERE link_id = %s AND due_at IS NOT NULL AND locked_until IS NULL LIMIT %s
        ) AS waiting
    """
    [(count,)] = fetch(statement, [link_id, limit])
    return int(count)
