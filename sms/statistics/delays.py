"""Durations, counted between bounds; percentiles are read from these."""

from collections.abc import Mapping
from typing import Final

ENDLESS_MS: Final = 2_147_483_647
BOUNDS_MS: Final = (
    *(20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000),
    *(120_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000, ENDLESS_MS),
)
_LOWER: Final = dict(zip(BOUNDS_MS, (0, *BOUNDS_MS), strict=False))


def percentile_ms(counts: Mapping[int, int], share: float) -> float | None:
    """Tell below how many milliseconds a share of what was counted lies; None for nothing.

    Within two bounds as if evenly spread. Beyond the last bound that one is all that is known.
    """
    wanted = sum(counts.values()) * share
    if not wanted:
        return None
    seen = 0
    for bound, count in sorted(counts.items()):
        if seen + count >= wanted:
            lower = _LOWER[bound]
            upper = lower if bound == ENDLESS_MS else bound
            return lower + (upper - lower) * (wanted - seen) / count
        seen += count
    return None
