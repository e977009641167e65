"""What was counted in the last hour, day or week: a few small reads, however many messages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet, Sum

from sms.lifecycle import Status
from sms.models import Delay, Tally
from sms.statistics.counting import MINUTE_S
from sms.statistics.delays import percentile_ms
from sms.statistics.rolling import HOUR_S, TEN_MINUTES_S, floor

Counts = dict[str, int]
"""Messages by status."""
Lines = dict[str, dict[int | None, list[float | None]]]
"""By step and link, a number for each span."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time up to now, and the spans it is shown in."""

    name: str
    span_s: int
    spans: int

    def starts(self, now: datetime) -> list[datetime]:
        """List when its spans begin, the one that is now last."""
        last = floor(now, self.span_s)
        return [last - timedelta(seconds=self.span_s * n) for n in range(self.spans - 1, -1, -1)]


PERIODS: Final[Mapping[str, Period]] = {
    period.name: period
    for period in (
        Period("hour", MINUTE_S, 60),
        Period("day", TEN_MINUTES_S, 144),
        Period("week", HOUR_S, 168),
    )
}


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How long half of the messages took, and 95 in a hundred."""

    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class LinkTraffic:
    """What went over one link; None: over none."""

    link_id: int | None
    statuses: Counts
    sent: Percentiles
    delivered: Percentiles

    @property
    def messages(self) -> int:
        """Count all of them."""
        return sum(self.statuses.values())

    @property
    def delivery_rate(self) -> float | None:
        """Tell the share that arrived."""
        return delivery_rate(self.statuses)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Everything that was counted in a period."""

    starts: list[datetime]
    series: dict[str, list[int]]
    """Messages by status, for each span."""
    directions: Counts
    errors: dict[int, int]
    links: list[LinkTraffic]
    """The busiest first."""
    p95_ms: Lines
    """What 95 of a hundred messages took at most."""

    @property
    def statuses(self) -> Counts:
        """Add up all spans."""
        return {status: sum(counts) for status, counts in self.series.items()}

    @property
    def messages(self) -> int:
        """Count all of them."""
        return sum(self.statuses.values())


def delivery_rate(statuses: Mapping[str, int]) -> float | None:
    """Tell which share arrived of what has come to an end; None where nothing has."""
    arrived = statuses.get(Status.DELIVERED, 0)
    lost = statuses.get(Status.FAILED, 0) + statuses.get(Status.UNDELIVERED, 0)
    return arrived / (arrived + lost) if arrived + lost else None


def read(period: Period, now: datetime) -> Traffic:
    """Read what was counted up to now."""
    starts = period.starts(now)
    tallies = Tally.objects.filter(span_s=period.span_s, at__gte=starts[0]).order_by()
    delays = Delay.objects.filter(span_s=period.span_s, at__gte=starts[0]).order_by()
    index = {start: n for n, start in enumerate(starts)}
    series: dict[str, list[int]] = {}
    for at, status, messages in _sums(tallies, "at", "status"):
        series.setdefault(status, [0] * len(starts))[index.get(at, -1)] += messages
    errors = {code: n for code, n in _sums(tallies, "error_code") if code is not None}
    links, p95_ms = _links(tallies, delays, index)
    return Traffic(starts, series, dict(_sums(tallies, "direction")), errors, links, p95_ms)


def _links(
    tallies: QuerySet[Tally], delays: QuerySet[Delay], index: Mapping[datetime, int]
) -> tuple[list[LinkTraffic], Lines]:
    statuses: defaultdict[int | None, Counts] = defaultdict(dict)
    for link_id, status, messages in _sums(tallies, "link_id", "status"):
        statuses[link_id][status] = messages
    whole: defaultdict[tuple[str, int | None], dict[int, int]] = defaultdict(
        lambda: defaultdict(int)
    )
    spans: defaultdict[tuple[str, int | None, int], dict[int, int]] = defaultdict(dict)
    for at, link_id, step, upto_ms, messages in _sums(delays, "at", "link_id", "step", "upto_ms"):
        whole[step, link_id][upto_ms] += messages
        spans[step, link_id, index.get(at, -1)][upto_ms] = messages
    p95_ms: Lines = {}
    for (step, link_id, at_index), counts in spans.items():
        lines = p95_ms.setdefault(step, {}).setdefault(link_id, [None] * len(index))
        lines[at_index] = percentile_ms(counts, 0.95)
    links = [
        LinkTraffic(
            link_id,
            counts,
            _percentiles(whole[Delay.Step.SENT, link_id]),
            _percentiles(whole[Delay.Step.DELIVERED, link_id]),
        )
        for link_id, counts in statuses.items()
    ]
    return sorted(links, key=lambda link: -link.messages), p95_ms


def _percentiles(counts: Mapping[int, int]) -> Percentiles:
    return Percentiles(percentile_ms(counts, 0.5), percentile_ms(counts, 0.95))


def _sums(rows: QuerySet[Any], *columns: str) -> Iterable[tuple[Any, ...]]:
    sums: Iterable[tuple[Any, ...]] = rows.values_list(*columns).annotate(total=Sum("messages"))
    return sums
