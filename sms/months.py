"""Months as ranges of ids: which ids the messages of a month have. Pure.

The messages of December 2026 have the ids from 2026120000000000 on: room for ten thousand
million of them, 3800 a second from its first to its last. Should one need more, they go on
into the range of the next month, and are kept for as long as that.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime

_WIDTH = 10_000_000_000


def month_of(moment: datetime) -> date:
    """Return the first day of a moment's month, in UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


def following(month: date) -> date:
    """Return the month after one."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def first_id(month: date) -> int:
    """Return the first id of a month; below it are those of all months before."""
    return (month.year * 100 + month.month) * _WIDTH


def first_free(now: datetime, next_id: int) -> date:
    """Return the first month, from now on, none of whose ids has been given."""
    month = month_of(now)
    while first_id(month) < next_id:
        month = following(month)
    return month


def name(table: str, month: date) -> str:
    """Name the table that holds a month's part of another."""
    return f"{table}_{month:%Y%m}"


def within(column: str, ids: Collection[int]) -> str:
    """Spell in SQL in which months some ids are; nothing of ids that are older than months.

    Such a condition is true anyway. Where a table is kept by the month it is what has a
    statement planned for these months alone, and not for each that there is.
    """
    ranges = [id_ // _WIDTH for id_ in ids] or [0]
    lowest, highest = min(ranges) * _WIDTH, (max(ranges) + 1) * _WIDTH
    if highest == _WIDTH:
        return "true"
    return f"{column} >= {lowest} AND {column} < {highest}"
