"""What goes over each link, and why messages fail."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sms import operate
from sms.admin.dashboard import lists, words
from sms.errors import ErrorCode
from sms.lifecycle import CircuitState, LinkMode, Status
from sms.statistics.live import Queue
from sms.statistics.reading import LinkTraffic, Percentiles, Period, Traffic

_NO_TRAFFIC = LinkTraffic(None, {}, Percentiles(None, None), Percentiles(None, None))
_SLOW_S = 60


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One link: where it stands now, and what went over it."""

    name: str
    url: str
    tone: str
    state: str
    waiting: str
    overdue: str
    is_late: bool
    a_second: str
    messages: str
    messages_url: str
    delivered: str
    failed: str
    failed_url: str
    sent_p50: str
    sent_p95: str
    delivered_p50: str
    delivered_p95: str


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One error code, and how many messages have it."""

    code: int
    text: str
    messages: str
    percent: int
    """Of the most frequent."""
    url: str


def of_links(
    period: Period, now: datetime, traffic: Traffic, queues: Sequence[Queue]
) -> Iterator[LinkRow]:
    """List all links, by name."""
    carried = {link.link_id: link for link in traffic.links}
    for queue in queues:
        yield _link_row(period, now, queue, carried.get(queue.link.id, _NO_TRAFFIC))


def _link_row(period: Period, now: datetime, queue: Queue, its: LinkTraffic) -> LinkRow:
    link = queue.link
    slots = sorted(link.slots.all(), key=lambda slot: slot.number)
    a_second = sum(slot.throughput for slot in slots if slot.is_held)
    lost = [Status.FAILED.value, Status.UNDELIVERED.value]
    return LinkRow(
        name=link.name,
        url=lists.link(link.id),
        tone=_tone_of(queue),
        state=operate.summary(link, slots),
        waiting=words.at_most(queue.waiting),
        overdue=words.duration(queue.oldest_due_s * 1000) if queue.oldest_due_s else words.NOTHING,
        is_late=queue.oldest_due_s > (link.slow_after_s or _SLOW_S),
        a_second=f"{a_second:.1f}" if a_second else words.NOTHING,
        messages=words.number(its.messages),
        messages_url=lists.messages(period, now, link=link.id),
        delivered=words.share(its.delivery_rate),
        failed=words.number(sum(its.statuses.get(status, 0) for status in lost)),
        failed_url=lists.messages(period, now, link=link.id, status=lost),
        sent_p50=words.duration(its.sent.p50_ms),
        sent_p95=words.duration(its.sent.p95_ms),
        delivered_p50=words.duration(its.delivered.p50_ms),
        delivered_p95=words.duration(its.delivered.p95_ms),
    )


def _tone_of(queue: Queue) -> str:
    link = queue.link
    health = getattr(link, "health", None)
    if not link.enabled or link.mode != LinkMode.RUN:
        return "off"
    if not queue.is_up:
        return "bad"
    is_troubled = health and (health.circuit != CircuitState.CLOSED or health.is_slow)
    return "warn" if is_troubled else "good"


def of_errors(period: Period, now: datetime, errors: Mapping[int, int]) -> list[ErrorRow]:
    """List what went wrong, the most frequent first."""
    most = max(errors.values(), default=0)
    return [
        ErrorRow(
            code,
            ErrorCode.stored(code).text,
            words.number(count),
            round(100 * count / most),
            lists.messages(period, now, error=code),
        )
        for code, count in sorted(errors.items(), key=lambda pair: -pair[1])
    ]
