"""Single numbers: how it goes, in what needs nobody's interpretation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sms.admin.dashboard import lists, words
from sms.lifecycle import Direction, LinkMode, Status
from sms.statistics import live
from sms.statistics.live import Callbacks, Queue
from sms.statistics.reading import Period, Traffic, delivery_rate

_BAD_BELOW = 0.8
_GOOD_FROM = 0.95
_LATE_S = 60


@dataclass(frozen=True, slots=True)
class Tile:
    """One number, what it means, and the list it was counted from."""

    title: str
    value: str
    hint: str
    url: str
    tone: str = ""
    """good, warn or bad; empty where it is neither."""


def of_traffic(period: Period, now: datetime, traffic: Traffic) -> Iterator[Tile]:
    """Say how many messages there were, and what became of them."""
    statuses = traffic.statuses
    inbound = traffic.directions.get(Direction.INBOUND, 0)
    sides = f"{words.number(traffic.messages - inbound)} out, {words.number(inbound)} in"
    yield Tile("Messages", words.number(traffic.messages), sides, lists.messages(period, now))
    rate = delivery_rate(statuses)
    open_ = statuses.get(Status.SENT, 0)
    yield Tile(
        "Delivered",
        words.share(rate),
        f"of what came to an end; {words.number(open_)} wait for a receipt",
        lists.messages(period, now, status=Status.DELIVERED),
        _tone_of(rate),
    )
    lost = [Status.FAILED, Status.UNDELIVERED]
    failed, undelivered = (statuses.get(status, 0) for status in lost)
    yield Tile(
        "Not delivered",
        words.number(failed + undelivered),
        f"{words.number(failed)} failed, {words.number(undelivered)} undelivered",
        lists.messages(period, now, status=[status.value for status in lost]),
    )


def of_queues(queues: Sequence[Queue]) -> Iterator[Tile]:
    """Say what waits, and which links are up."""
    waiting = sum(queue.waiting for queue in queues)
    oldest_s = max((queue.oldest_due_s for queue in queues), default=0)
    late = words.duration(oldest_s * 1000)
    yield Tile(
        "Waiting to be sent",
        words.at_most(waiting),
        f"the oldest is {late} overdue" if oldest_s else "nothing is overdue",
        lists.waiting(),
        "bad" if oldest_s > _LATE_S else "",
    )
    wanted = [q for q in queues if q.link.enabled and q.link.mode == LinkMode.RUN]
    up = [queue for queue in wanted if queue.is_up]
    away = [queue.link.name for queue in wanted if not queue.is_up]
    yield Tile(
        "Links up",
        f"{len(up)} of {len(wanted)}",
        f"not up: {', '.join(away[:3])}{' …' if len(away) > 3 else ''}" if away else "all is well",
        lists.links(),
        ("bad" if away else "good") if wanted else "",
    )


def of_callbacks() -> Iterator[Tile]:
    """Say what applications are owed, and which of them do not answer."""
    owed = live.callbacks()
    yield Tile(
        "Callbacks waiting",
        words.at_most(owed.waiting),
        _owed(owed) if owed.waiting else "every application knows what it should",
        lists.callbacks(state="pending"),
        "warn" if owed.oldest_due_s > _LATE_S else "",
    )
    failing = owed.failing_hosts
    yield Tile(
        "Receivers failing",
        words.at_most(failing),
        "hosts that do not take callbacks now" if failing else "every host answers",
        lists.failing_receivers(),
        "bad" if failing else "good",
    )


def _owed(owed: Callbacks) -> str:
    tried = f"{words.at_most(owed.retrying)} of them tried in vain"
    late = words.duration(owed.oldest_due_s * 1000)
    return f"{tried}; the oldest is {late} overdue" if owed.oldest_due_s else tried


def of_clients() -> Iterator[Tile]:
    """Say how many SIP clients can be reached."""
    yield Tile(
        "Clients registered",
        words.at_most(live.clients()),
        "devices of SIP clients, this moment",
        lists.clients(),
    )


def _tone_of(rate: float | None) -> str:
    if rate is None:
        return ""
    if rate < _BAD_BELOW:
        return "bad"
    return "good" if rate >= _GOOD_FROM else "warn"
