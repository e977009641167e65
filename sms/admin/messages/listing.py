"""Messages, newest first, as far as they are asked for: nothing is counted.

A list of ten million is read from one end of an index. Where a filter keeps few of them, that
may take long: so it looks back in steps, each as far again as all before, and stops when the
page is full or its time is over. It says how far it has looked then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice, takewhile
from typing import Final, Protocol

from django.db.models import Q, QuerySet
from django.utils import timezone

from sms.admin.uncounted import PAGE_S
from sms.models import Message
from sms.patience import Hurry, OutOfTime, bounded

Messages = QuerySet[Message]

_STEPS: Final = tuple(timedelta(hours=n) for n in (1, 6, 24, 7 * 24, 30 * 24, 120 * 24, 366 * 24))

FEW: Final = 500
"""So many rows are read one by one in less time than an index is walked to find them."""

_LOOK_S: Final = PAGE_S / 2
"""How long looking for them may take: a page is read after it."""

_SLACK: Final = timedelta(minutes=1)
"""A sid is made a moment before or after its row's time is taken."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: from `since` on, before `until`."""

    since: datetime | None = None
    until: datetime | None = None

    def q(self) -> Q:
        """Keep what was accepted in it."""
        since = Q(date_created__gte=self.since) if self.since else Q()
        return since & Q(date_created__lt=self.until) if self.until else since


class Order(Protocol):
    """A way through messages, newest first, along an index."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Name what it is sorted by."""

    def within(self, span: Span) -> Q:
        """Keep a range of the index that has all of a stretch of time."""

    def after(self, message: Message) -> Q:
        """Keep what comes after a message."""


@dataclass(frozen=True, slots=True)
class BySid:
    """All messages: the index of sids, which begin with their time."""

    beginning: str = "SM"
    """Of the sids that are looked for. A range: LIKE is none to a plan for any text."""

    @property
    def columns(self) -> tuple[str, ...]:
        """See Order."""
        return ("-sid",)

    def within(self, span: Span) -> Q:
        """See Order. One bound at each end: of two, SQLite may read along the wider range."""
        since, until = self.beginning, f"{self.beginning}g"  # behind every hexadecimal digit
        if span.since:
            since = max(since, _sid_at(span.since - _SLACK))
        if span.until:
            until = min(until, _sid_at(span.until + _SLACK))
        return Q(sid__gte=since, sid__lt=until) & span.q()

    def after(self, message: Message) -> Q:
        """See Order."""
        return Q(sid__lt=message.sid)


class ByDate:
    """Those of an account, or of a number in it: their indexes go on with the date."""

    columns = ("-date_created", "-id")

    def within(self, span: Span) -> Q:
        """See Order."""
        return span.q()

    def after(self, message: Message) -> Q:
        """See Order."""
        earlier = Q(date_created__lt=message.date_created)
        same = Q(date_created=message.date_created, id__lt=message.id)
        return Q(date_created__lte=message.date_created) & (earlier | same)


def _sid_at(moment: datetime) -> str:
    return f"SM{max(0, int(moment.timestamp() * 1000)):012x}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages, and whether there are more."""

    rows: list[Message]
    goes_on: bool = False
    looked_back_to: datetime | None = None
    """Set where its time was over: what is older than this has not been looked at."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What somebody asks to see."""

    messages: Messages
    """With all filters but that of time."""
    span: Span
    order: Order
    paths: Sequence[Q] = (Q(),)
    """What is kept, each a range of an index of its own; a message may be on several."""

    def page(self, size: int, *, after: Message | None = None, seconds: float = PAGE_S) -> Page:
        """Read the first messages, or those after one."""
        rows: list[Message] = []
        reached = self.span
        upto = after.date_created + _SLACK if after else None
        try:
            with bounded(seconds) as hurry:
                for reached in _steps_back(self.span, upto):
                    rows += self._read(reached, size + 1 - len(rows), after, hurry)
                    if len(rows) > size:
                        break
        except OutOfTime:
            return Page(rows[:size], looked_back_to=reached.until or timezone.now())
        return Page(rows[:size], goes_on=len(rows) > size)

    def _read(self, span: Span, count: int, after: Message | None, hurry: Hurry) -> list[Message]:
        within = self.messages.filter(self.order.within(span)).order_by(*self.order.columns)
        if after:
            within = within.filter(self.order.after(after))
        found: list[list[Message]] = []
        for path in self.paths:
            hurry()
            found.append(list(within.filter(path)[:count]))
        if len(found) == 1:
            return found[0]
        merged = merge(*found, key=lambda m: (m.date_created, m.id), reverse=True)
        return list(islice({m.id: m for m in merged}.values(), count))

    def chunks(self, size: int) -> Iterator[list[Message]]:
        """Read all of it, some at a time, in little memory, for as long as it takes."""
        after = None
        while True:
            page = self.page(size, after=after, seconds=3600)
            if page.rows:
                yield page.rows
            if not page.goes_on:
                return
            after = page.rows[-1]


def few(*ranges: Messages) -> Q | None:
    """Name messages by their ids; None where they are more than a few, as far as one can see."""
    ids: set[int] = set()
    try:
        with bounded(_LOOK_S) as hurry:
            for rows in ranges:
                hurry()
                ids.update(rows.values_list("pk", flat=True)[: FEW + 1])
                if len(ids) > FEW:
                    return None
    except OutOfTime:
        return None
    return Q(pk__in=sorted(ids))


def _steps_back(span: Span, upto: datetime | None) -> Iterator[Span]:
    """Cut a stretch of time into steps that lead back, each longer than the one before."""
    # Nobody's clock is an hour ahead; what has a later time is in the first step all the same.
    begin = min(filter(None, (span.until, upto)), default=timezone.now())
    ends = [begin - step for step in _STEPS]
    since = span.since
    inner = list(takewhile(lambda end: since is None or end > since, ends))
    newest = begin if (span.until or upto) else None
    for until, from_ in zip([newest, *inner], [*inner, since], strict=True):
        yield replace(span, since=from_, until=until)
