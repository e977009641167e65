"""Percentiles of durations that were counted between bounds."""

import pytest

from sms.statistics.delays import ENDLESS_MS, percentile_ms


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ({}, 0.5, None),
        ({100: 10}, 0.5, 75),  # halfway from the bound before, 50
        ({20: 1, 100: 1}, 0.5, 20),
        ({20: 95, 1_000: 5}, 0.95, 20),
        ({20: 90, 1_000: 10}, 0.95, 750),
        ({ENDLESS_MS: 4}, 0.5, 86_400_000),
    ],
)
def test_a_percentile_lies_between_its_bounds(
    counts: dict[int, int], share: float, expected: float | None
) -> None:
    assert percentile_ms(counts, share) == expected
