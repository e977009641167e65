"""What operators order of a link, and where it stands; workers follow within a second.

An order is a change of the link's row, so it holds on every host, and for workers that
start later. What each order means is kept by `worker/link_pump.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from sms import slots, wake
from sms.lifecycle import LinkMode, LinkState
from sms.models import Link, Message, Slot
from staff import audit


@dataclass(frozen=True, slots=True)
class Order:
    """One thing that can be asked of a link."""

    change: Callable[[], Mapping[str, object]]
    done: str
    """What was done, for the audit log."""
    effect: str
    """What will happen, for whoever ordered it."""
    interrupts: bool = False
    """Traffic stops, for a moment or for long: a person is asked whether that is meant."""


ORDERS: Final[Mapping[str, Order]] = {
    "pause": Order(
        lambda: {"mode": LinkMode.PAUSE},
        "paused",
        "stays connected and takes receipts and inbound messages, but sends nothing;"
        " its messages wait until it is resumed",
        interrupts=True,
    ),
    "drain": Order(
        lambda: {"mode": LinkMode.DRAIN},
        "drained",
        "sends nothing more, waits for the answers that are due, disconnects and stays away"
        " until it is resumed; receipts come when it is back",
        interrupts=True,
    ),
    "resume": Order(lambda: {"mode": LinkMode.RUN}, "resumed", "connects and sends again"),
    "enable": Order(lambda: {"enabled": True}, "enabled", "is given workers, connects and sends"),
    "disable": Order(
        lambda: {"enabled": False},
        "disabled",
        "waits for the answers that are due, disconnects and takes no more messages",
        interrupts=True,
    ),
    "rebind": Order(
        lambda: {"generation": F("generation") + 1},
        "rebound",
        "waits for the answers that are due, disconnects and connects again",
        interrupts=True,
    ),
}


def order(link: Link, name: str) -> str:
    """Give a link an order by its name in ORDERS; returns what will happen."""
    row = Link.objects.filter(id=link.id)
    columns = ORDERS[name].change()
    before = row.values(*columns).get()
    with transaction.atomic():
        row.update(**columns, date_updated=timezone.now())
        after = row.values(*columns).get()
        changes = {column: (before[column], after[column]) for column in columns}
        audit.record(link, ORDERS[name].done, **changes)
        announce(link)
    return _effect(link, name)


def _effect(link: Link, name: str) -> str:
    if not link.enabled and name not in ("enable", "disable"):
        return f"is disabled; once it is enabled, it {ORDERS[name].effect}"
    if name == "rebind" and link.mode == LinkMode.DRAIN:
        return "is drained: it has no connection, and connects when it is resumed"
    return ORDERS[name].effect


def announce(link: Link) -> None:
    """Have every worker of a link read its row now: an order or its settings changed."""
    transaction.on_commit(partial(wake.control, link.name))


@dataclass(frozen=True, slots=True)
class SlotStatus:
    """Where one worker of a link stands."""

    number: int
    state: str
    detail: str
    host: str
    pid: int | None
    tps: float
    since: str


@dataclass(frozen=True, slots=True)
class Status:
    """Where a link stands: what is wanted of it, and what its workers say."""

    name: str
    enabled: bool
    mode: str
    binds: int
    waiting: int
    """Messages in its queue that no worker has claimed."""
    slots: list[SlotStatus]


def status(link: Link) -> Status:
    """Tell where a link stands."""
    return Status(
        name=link.name,
        enabled=link.enabled,
        mode=str(link.mode),
        binds=link.binds,
        waiting=Message.objects.waiting().filter(link=link).count(),
        slots=[_slot_status(slot) for slot in slots.live(link.id)],
    )


def _slot_status(slot: Slot) -> SlotStatus:
    return SlotStatus(
        number=slot.number,
        state=slot.state,
        detail=slot.detail,
        host=slot.host,
        pid=slot.pid,
        tps=round(slot.tps, 3),
        since=slot.changed_at.isoformat(timespec="seconds"),
    )


_SETTLED: Final[Mapping[str, frozenset[str]]] = {
    LinkMode.RUN: frozenset({LinkState.UP, LinkState.REFUSED}),
    LinkMode.PAUSE: frozenset({LinkState.PAUSED, LinkState.REFUSED}),
    LinkMode.DRAIN: frozenset({LinkState.DRAINED}),
}


def has_settled(link: Link, *, since: datetime) -> bool:
    """Say whether every worker of a link has followed its orders; it tells of each change."""
    held = slots.live(link.id)
    if not link.enabled:
        return not held
    binds = [slot for slot in held if slot.state != LinkState.STANDBY]
    return all(slot.state in _SETTLED[link.mode] and slot.changed_at >= since for slot in binds)


def summary(link: Link, its_slots: list[Slot]) -> str:
    """Say in a few words where a link stands, from slots that were read already."""
    if not link.enabled:
        return "disabled"
    held = [slot for slot in its_slots if slot.is_held]
    if not held:
        return "no worker runs for it"
    binds = [slot for slot in held if slot.number <= link.binds]
    words = [f"{slot.get_state_display()}: {slot.detail}".removesuffix(": ") for slot in binds]
    if len(set(words)) > 1 or len(words) < link.binds:
        up = sum(slot.state == LinkState.UP for slot in binds)
        words = [f"{up} of {link.binds} up", *sorted(set(words) - {"up"})]
    standing_by = len(held) - len(binds)
    more = f" ({standing_by} standing by)" if standing_by else ""
    return "; ".join(dict.fromkeys(words)) + more
