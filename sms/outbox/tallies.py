"""Counting messages of a range of ids: what became of them, and how fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sms.lifecycle import Status
from sms.outbox.engine import engine, fetch


@dataclass(frozen=True, slots=True)
class Counted:
    """So many messages that have all of this in common."""

    minute: datetime
    direction: str
    link_id: int | None
    status: str
    error_code: int | None
    sent_ms: int | None
    """The bound that the time from its acceptance to the peer's yes is within."""
    delivered_ms: int | None
    """The bound that the time from then to its receipt is within."""
    messages: int


def count_messages(first_id: int, last_id: int, bounds_ms: Sequence[int]) -> list[Counted]:
    """Count the messages of a range of ids, by what is told of them.

    Cost: one walk along the primary key. Durations above the last bound count as within it.
    """
    sql = engine()
    columns = "direction, link_id, status, error_code"
    sent = sql.milliseconds.format(later="date_sent", earlier="date_created")
    delivered = sql.milliseconds.format(later="date_updated", earlier="date_sent")
    # LIMIT keeps PostgreSQL from working each duration out anew for every bound.
    statement = f"""
        SELECT minute, {columns}, {_bound("sent_ms", bounds_ms)},
               {_bound("delivered_ms", bounds_ms)}, count(*)
        FROM (
            SELECT {sql.minute.format(column="date_created")} AS minute, {columns},
                   {sent} AS sent_ms,
                   CASE WHEN status = '{Status.DELIVERED}' THEN {delivered} END AS delivered_ms
            FROM sms_message WHERE id BETWEEN %s AND %s ORDER BY id LIMIT %s
        ) AS message
        GROUP BY 1, 2, 3, 4, 5, 6, 7
    """  # noqa: S608  # fragments of our own
    return [
        Counted(_moment(minute), *rest)
        for minute, *rest in fetch(statement, [first_id, last_id, last_id - first_id + 1])
    ]


def _bound(duration: str, bounds_ms: Sequence[int]) -> str:
    whens = " ".join(f"WHEN {duration} <= {bound} THEN {bound}" for bound in bounds_ms)
    return f"CASE WHEN {duration} IS NULL THEN NULL {whens} ELSE {bounds_ms[-1]} END"


def _moment(minute: datetime | str) -> datetime:
    """Read what SQLite keeps as text."""
    if isinstance(minute, str):
        minute = datetime.fromisoformat(minute)
    return minute.astimezone(UTC) if minute.tzinfo else minute.replace(tzinfo=UTC)
