"""Everything for Prometheus: what was counted, and where things stand this moment.

Counts are of all processes of all hosts, out of the database; so one address is scraped,
whichever web process answers, and nothing is lost when a process ends.
"""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from threading import Lock

from django.db.models import Count as HowMany
from django.db.models import Min
from django.db.models.functions import Now
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder

from sms import slots
from sms.lifecycle import LinkState
from sms.meters import METERS, SUM, TOTAL, Counter, Labels, Timer
from sms.models import Callback, Count, Link, Message, ParkedReceipt, Slot

FRESH_S = 5.0
"""A long queue takes a moment to count; several scrapers share one answer."""

_Numbers = dict[Labels, dict[str, float]]
_Names = Mapping[str, str]


def exposition(accept: str) -> tuple[bytes, str]:
    """Write all metrics in the format that is asked for; return them and the content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_cache)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def collect() -> list[Metric]:
    """Read all metrics."""
    names = {str(id_): name for id_, name in Link.objects.values_list("id", "name")}
    return [*_counted(names), *_queues(names), *_callbacks(), *_receipts(), *_binds()]


class _Cache:
    """Prometheus's idea of a source; remembers its answer for seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._metrics: list[Metric] = []
        self._read = float("-inf")

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            if time.monotonic() >= self._read + FRESH_S:
                self._metrics = collect()
                self._read = time.monotonic()
            return self._metrics

    def forget(self) -> None:
        self._read = float("-inf")


_cache = _Cache()
forget = _cache.forget


def _counted(names: _Names) -> Iterator[Metric]:
    read: defaultdict[str, _Numbers] = defaultdict(lambda: defaultdict(dict))
    for name, labels, number, value in Count.objects.values_list(
        "name", "labels", "number", "value"
    ):
        read[name][tuple(json.loads(labels))][number] = value
    for meter in METERS:
        numbers = _named(read[meter.name], meter.labels, names)
        yield _timer(meter, numbers) if isinstance(meter, Timer) else _counter(meter, numbers)


def _named(numbers: _Numbers, labels: Labels, names: _Names) -> _Numbers:
    """Put the names of links for their ids, and leave out what has none, or other labels."""
    if "link" not in labels:
        return {values: n for values, n in numbers.items() if len(values) == len(labels)}
    at = labels.index("link")
    return {
        (*values[:at], names[values[at]], *values[at + 1 :]): n
        for values, n in numbers.items()
        if len(values) == len(labels) and values[at] in names
    }


def _counter(meter: Counter, numbers: _Numbers) -> Metric:
    family = CounterMetricFamily(meter.name, meter.help, labels=meter.labels)
    for values, read in sorted(numbers.items()):
        family.add_metric(values, read.get(TOTAL, 0))
    return family


def _timer(meter: Timer, numbers: _Numbers) -> Metric:
    family = HistogramMetricFamily(meter.name, meter.help, labels=meter.labels)
    for values, read in sorted(numbers.items()):
        upto = accumulate(read.get(bound, 0) for bound in meter.bounds)
        buckets = list(zip(meter.bounds, upto, strict=True))
        family.add_metric(values, buckets, sum_value=read.get(SUM, 0))
    return family


def _queues(names: _Names) -> Iterator[Metric]:
    depth = GaugeMetricFamily(
        "cpaas_queue_messages", "Messages in a link's queue.", labels=("link", "state")
    )
    age = GaugeMetricFamily(
        "cpaas_queue_age_seconds", "How long the first of a queue is overdue.", labels=("link",)
    )
    queues = sorted({"", *names.values()})  # "": of no link yet
    # Empty ones, too: a series that is missing raises no alarm.
    counts = {(name, state): 0 for name in queues for state in ("waiting", "claimed")}
    ages_s = dict.fromkeys(queues, 0.0)
    waiting = Message.objects.waiting().values_list("link_id").order_by()
    for link_id, count, first in waiting.annotate(HowMany("id"), Min("due_at")):
        name = names.get(str(link_id), "")
        counts[name, "waiting"] = count
        ages_s[name] = max(0.0, (timezone.now() - first).total_seconds())
    claimed = Message.objects.filter(locked_until__isnull=False).values_list("link_id").order_by()
    for link_id, count in claimed.annotate(HowMany("id")):
        counts[names.get(str(link_id), ""), "claimed"] = count
    for labels, count in counts.items():
        depth.add_metric(labels, count)
    for name, age_s in ages_s.items():
        age.add_metric((name,), age_s)
    yield from (depth, age)


def _callbacks() -> Iterator[Metric]:
    backlog = GaugeMetricFamily(
        "cpaas_callbacks_pending", "Callbacks that are owed.", labels=("state",)
    )
    pending = Callback.objects.filter(state=Callback.State.PENDING)
    waiting = Callback.objects.waiting()
    due = waiting.filter(due_at__lte=Now()).aggregate(n=HowMany("id"), first=Min("due_at"))
    backlog.add_metric(("due",), due["n"])
    backlog.add_metric(("later",), waiting.filter(due_at__gt=Now()).count())
    backlog.add_metric(("posting",), pending.filter(locked_until__isnull=False).count())
    overdue_s = (timezone.now() - due["first"]).total_seconds() if due["first"] else 0.0
    yield backlog
    yield GaugeMetricFamily(
        "cpaas_callbacks_age_seconds",
        "How long the first callback is overdue.",
        value=max(0.0, overdue_s),
    )


def _receipts() -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "cpaas_receipts_parked",
        "Receipts whose message is not known yet.",
        value=ParkedReceipt.objects.count(),
    )


def _binds() -> Iterator[Metric]:
    up = GaugeMetricFamily("cpaas_link_up", "Whether a link has a connection.", labels=("link",))
    are_up = slots.links_up()
    for id_, name in Link.objects.enabled().values_list("id", "name"):
        up.add_metric((name,), float(id_ in are_up))
    binds = GaugeMetricFamily(
        "cpaas_link_binds", "Connections of a link.", labels=("link", "state")
    )
    held = Slot.objects.filter(owned_until__gte=Now()).values_list("link__name", "state")
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for name in Link.objects.enabled().values_list("name", flat=True):
        counts[name, LinkState.UP.value] = 0  # a series that is missing raises no alarm
    for name, state in held:
        counts[name, state] += 1
    for labels, count in sorted(counts.items()):
        binds.add_metric(labels, count)
    yield from (up, binds)
