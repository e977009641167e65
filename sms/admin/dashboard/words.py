"""Numbers as people read them."""

from typing import Final

from sms.statistics.live import MOST

NOTHING: Final = "–"
_UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms"))


def number(count: int) -> str:
    """Write 12345 as 12,345."""
    return f"{count:,}"


def at_most(count: int) -> str:
    """Write a count that stops at MOST."""
    return f"{number(count)}+" if count >= MOST else number(count)


def share(part: float | None) -> str:
    """Write a share in percent; only what is whole is 100 %."""
    if part is None:
        return NOTHING
    percent = 100 * part
    rounded = percent if percent in (0, 100) else min(max(percent, 0.1), 99.9)
    return f"{rounded:.0f} %" if rounded in (0, 100) else f"{rounded:.1f} %"


def duration(milliseconds: float | None) -> str:
    """Write milliseconds in their largest unit."""
    if milliseconds is None:
        return NOTHING
    size, unit = next((pair for pair in _UNITS if milliseconds >= pair[0]), _UNITS[-1])
    amount = milliseconds / size
    return f"{amount:.1f} {unit}" if amount < 10 and size > 1 else f"{amount:.0f} {unit}"
