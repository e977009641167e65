"""Where links, queues, callbacks and clients stand this moment; no read grows with its table."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Min, Model, Q, QuerySet
from django.utils import timezone

from sms import outbox, slots
from sms.models import Binding, Callback, CallbackHost, Link

MOST: Final = 10_000
"""Nothing is counted further; pages say that it is more."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for a link."""

    link: Link
    is_up: bool
    waiting: int
    oldest_due_s: int


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What applications are owed."""

    waiting: int
    retrying: int
    """Of these, what was posted in vain already."""
    oldest_due_s: int
    failing_hosts: int
    """Hosts that are left alone for a while."""


def queues() -> list[Queue]:
    """Read how each link does, by name."""
    up = slots.links_up()
    links = Link.objects.select_related("health").prefetch_related("slots").order_by("name")
    return [
        Queue(
            link,
            is_up=link.id in up,
            waiting=outbox.depth(link.id, MOST),
            oldest_due_s=int(outbox.oldest_due_s(link.id)),
        )
        for link in links
    ]


def callbacks() -> Callbacks:
    """Read what waits in the queue of callbacks, up to so many of them."""
    waiting = Callback.objects.waiting()
    read = waiting.order_by()[:MOST].aggregate(
        waiting=Count("id"), retrying=Count("id", filter=Q(attempts__gt=0)), first=Min("due_at")
    )
    return Callbacks(
        waiting=read["waiting"],
        retrying=read["retrying"],
        oldest_due_s=_seconds_since(read["first"]),
        failing_hosts=_count(CallbackHost.objects.filter(opened_at__isnull=False)),
    )


def clients() -> int:
    """Count devices that are registered now."""
    return _count(Binding.objects.live())


def _count(rows: QuerySet[Model]) -> int:
    return rows.order_by()[:MOST].count()


def _seconds_since(moment: datetime | None) -> int:
    return max(int((timezone.now() - moment).total_seconds()), 0) if moment else 0
