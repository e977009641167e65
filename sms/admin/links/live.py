"""How links do at this moment, in words and numbers for people. Reads rows, and nothing else."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from sms import operate
from sms.admin.words import span
from sms.lifecycle import CircuitState, LinkMode, LinkState
from sms.models import Health, Link, Message, Slot

GOOD, BUSY, BAD, IDLE = "success", "warning", "danger", "default"
"""Colours of labels, as Unfold names them."""

_TONES: Final[Mapping[str, str]] = {
    LinkState.UP: GOOD,
    LinkState.BINDING: BUSY,
    LinkState.PAUSED: BUSY,
    LinkState.DRAINING: BUSY,
    LinkState.DRAINED: BUSY,
    LinkState.STANDBY: IDLE,
    LinkState.STOPPED: IDLE,
}
"""Of the state of a bind; what is missing is a trouble."""

COUNTED: Final = 10_000
"""So long a queue is counted: of a longer one nobody needs to know more."""

_WORST_FIRST: Final = (BAD, BUSY, GOOD)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a peer refused."""

    words: str
    times: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Bind:
    """One worker's place."""

    slot: Slot
    window_size: int

    @property
    def tone(self) -> str:
        """The colour of its state."""
        return _TONES.get(self.slot.state, BAD)

    @property
    def state(self) -> str:
        """Its state in a word."""
        return self.slot.get_state_display()

    @property
    def percent(self) -> int:
        """How much of the window is in use."""
        return min(100 * self.slot.in_flight // max(self.window_size, 1), 100)


@dataclass(frozen=True, slots=True)
class Standing:
    """One link, at this moment."""

    link: Link
    waiting: int
    binds: list[Bind] = field(default_factory=list)
    standing_by: int = 0
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def has_no_worker(self) -> bool:
        """Say whether it should have a worker, and none runs."""
        return self.link.enabled and not self.binds

    @property
    def up(self) -> int:
        """Count the connections that messages may go over."""
        return sum(bind.slot.state == LinkState.UP for bind in self.binds)

    @property
    def is_connected(self) -> bool:
        """Say whether the carrier counts a connection of ours."""
        states = {bind.slot.state for bind in self.binds}
        return bool(states & {LinkState.UP, LinkState.PAUSED, LinkState.DRAINING})

    @property
    def tone(self) -> str:
        """The colour of the whole."""
        if not self.link.enabled:
            return IDLE
        tones = {bind.tone for bind in self.binds}
        if len(self.binds) < self.link.binds:
            tones.add(BUSY if self.binds else BAD)
        return next((tone for tone in _WORST_FIRST if tone in tones), IDLE)

    @property
    def headline(self) -> str:
        """Where it stands, in a few words."""
        if not self.link.enabled:
            return "disabled"
        if not self.binds:
            return "no worker"
        states = {bind.state for bind in self.binds}
        if self.link.binds == 1 and len(states) == 1:
            return states.pop()
        return f"{self.up} of {self.link.binds} up"

    @property
    def words(self) -> str:
        """Where it stands, in the workers' words."""
        slots = sorted(self.link.slots.all(), key=lambda slot: slot.number)
        return operate.summary(self.link, slots)

    @property
    def more(self) -> str:
        """What its words say beyond the headline."""
        words = self.words.removeprefix(self.headline).lstrip(":; ")
        if words.startswith("("):
            words = words.strip("()")
        return "" if self.has_no_worker else words

    @property
    def throughput(self) -> float:
        """Answers a second, of all its connections."""
        return sum(bind.slot.throughput for bind in self.binds)

    @property
    def in_flight(self) -> int:
        """Messages that wait for the carrier's answer."""
        return sum(bind.slot.in_flight for bind in self.binds)

    @property
    def window(self) -> int:
        """What all its windows have room for."""
        return self.link.window_size * max(len(self.binds), 1)

    @property
    def depth(self) -> str:
        """How many messages wait for it, in words."""
        if self.waiting > COUNTED:
            return f"more than {COUNTED:,} messages wait"
        return f"{self.waiting:,} message{'s wait' if self.waiting != 1 else ' waits'}"

    @property
    def oldest_due_s(self) -> int:
        """For how long the first of its queue has been due."""
        return self._health.oldest_due_s if self.waiting else 0

    @property
    def oldest_due(self) -> str:
        """The same in words; empty where nothing is late."""
        return span(self.oldest_due_s) if self.oldest_due_s else ""

    @property
    def obstacles(self) -> list[str]:
        """Say what keeps routing from using it, beside its connection."""
        health = self._health
        until = health.retry_at if health.circuit == CircuitState.OPEN else None
        next_try = f"; tried again at {timezone.localtime(until):%H:%M:%S}" if until else ""
        troubles = (
            (
                health.circuit != CircuitState.CLOSED,
                f"circuit {health.get_circuit_display()}: {health.reason}{next_try}",
            ),
            (health.is_full, f"queue full: {health.queue_depth} wait"),
            (health.is_slow, f"slow: the first has been due for {span(health.oldest_due_s)}"),
        )
        return [words for is_so, words in troubles if is_so]

    @property
    def orders(self) -> list[tuple[str, operate.Order]]:
        """List the orders that would change something."""
        return [(name, operate.ORDERS[name]) for name in _useful(self.link)]

    @property
    def _health(self) -> Health:
        return getattr(self.link, "health", None) or Health(link=self.link)


class _Count(Subquery):
    """Counts the rows of a query, within a larger one."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def links(rows: QuerySet[Link] | None = None) -> QuerySet[Link]:
    """Read links with all that their standing needs, in two queries."""
    queue = Message.objects.waiting().filter(link=OuterRef("pk")).order_by()
    rows = Link.objects.all() if rows is None else rows
    chosen = rows.select_related("health").prefetch_related("slots")
    return chosen.annotate(waiting=_Count(queue.values("pk")[: COUNTED + 1]))


def standing(link: Link) -> Standing:
    """Look at one of `links`."""
    slots = sorted(link.slots.all(), key=lambda slot: slot.number)
    held = [slot for slot in slots if slot.is_held]
    binds = [Bind(slot, link.window_size) for slot in held if slot.number <= link.binds]
    waiting: int = link.waiting  # type: ignore[attr-defined]  # as `links` annotates it
    return Standing(link, waiting, binds, len(held) - len(binds), _troubles(slots))


def _troubles(slots: Iterable[Slot]) -> list[Trouble]:
    """List what was refused last on all connections, the newest first."""
    told: list[dict[str, Any]] = [error for slot in slots for error in slot.errors or ()]
    told.sort(key=lambda error: str(error["at"]), reverse=True)
    return [
        Trouble(str(error["words"]), int(error["times"]), parse_datetime(str(error["at"])))
        for error in told[:5]
    ]


def _useful(link: Link) -> Iterator[str]:
    if not link.enabled:
        yield "enable"
        return
    if link.mode != LinkMode.RUN:
        yield "resume"
    if link.mode == LinkMode.RUN:
        yield "pause"
    if link.mode != LinkMode.DRAIN:
        yield from ("drain", "rebind")
    yield "disable"
