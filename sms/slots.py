"""Slots: the right of one worker to hold one bind of a link, by lease.

Carriers count binds. The first `Link.binds` slots are binds; a worker that finds them all
taken stands by in a slot behind them, and moves up when the lease of one before it ends.

The slots of a link share its rate. Each writes down what it takes of it (`Slot.tps`),
raises that only as far as the others leave room, and goes no faster: so together they
stay below the limit whichever of them come and go.
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now

from sms.lifecycle import LinkState
from sms.models import Link, Slot

LEASE = timedelta(seconds=15)
RENEW_S = 5.0
STANDS_BY = "takes over when a bind becomes free"
_HOST = socket.gethostname()[:255]
_NO_ROUNDING = 1e-6
"""Messages a second that are no difference."""


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a bind is, for operators; written with the lease, so it costs no write."""

    in_flight: int = 0
    throughput: float = 0.0
    """Answers a second since the last renewal."""
    errors: list[dict[str, object]] | None = None
    """What the peer refused last, the newest first; None where nothing new came."""


IDLE = Load()


def take(*, link_id: int, owner: str, binds: int) -> Slot:
    """Take the first slot of a link that is free: a bind or, behind those, a place to stand by."""
    _forget_surplus(link_id, binds)
    taken = {slot.number for slot in live(link_id)}
    return next(
        slot
        for number in count(1)
        if number not in taken and (slot := _take_number(link_id, number, owner, binds))
    )


def move_up(slot: Slot, *, owner: str, binds: int) -> Slot:
    """Move a worker that stands by into a free bind, if there is one; return its slot."""
    if slot.number <= binds:
        return slot
    taken = {other.number for other in live(slot.link_id)}
    for number in range(1, binds + 1):
        if number not in taken and (bind := _take_number(slot.link_id, number, owner, binds)):
            Slot.objects.filter(id=slot.id, owner=owner).delete()
            return bind
    return slot


def renew(slot: Slot, *, owner: str, load: Load = IDLE) -> bool:
    """Hold on to a slot; False when it is somebody else's by now."""
    errors = {} if load.errors is None else {"errors": load.errors}
    return bool(
        Slot.objects.filter(id=slot.id, owner=owner).update(
            owned_until=Now() + LEASE,
            in_flight=load.in_flight,
            throughput=load.throughput,
            **errors,
        )
    )


def tell(slot: Slot, *, owner: str, state: LinkState, detail: str) -> None:
    """Show operators where the connection stands; one that is not up gives its rate back."""
    rate = {} if state is LinkState.UP else {"tps": 0.0}
    Slot.objects.filter(id=slot.id, owner=owner).update(
        state=state, detail=detail[:255], changed_at=_since(state), **rate
    )


def _since(state: LinkState) -> Case:
    """Tell since when it stands there: a peer that is dialled in vain is away since it left.

    Were each try news, a link with many binds would always have been up a moment ago.
    """
    again = Q(state__in=_AWAY) if state in _AWAY else Q(pk__in=())
    return Case(When(again, then=F("changed_at")), default=Now())


def share(slot: Slot, *, owner: str, max_tps: int) -> float:
    """Take this slot's part of a link's rate, as far as the others leave it; 0: not yet.

    The parts are even. A slot that has too much gives it back here, within a second of
    another one's start, and until then that other one waits.
    """
    fair, left = _parts(live(slot.link_id), slot, max_tps)
    if abs(min(fair, left) - slot.tps) < _NO_ROUNDING:
        return slot.tps
    with transaction.atomic():
        # Locked in one order: of two that raise their parts the second sees the first.
        rows = _live(slot.link_id).order_by("number").select_for_update()
        fair, left = _parts(list(rows), slot, max_tps)
        slot.tps = min(fair, left)
        Slot.objects.filter(id=slot.id, owner=owner).update(tps=slot.tps)
    return slot.tps


def release(slot: Slot, *, owner: str) -> None:
    """Free a slot."""
    Slot.objects.filter(id=slot.id, owner=owner).update(
        **_NOBODYS, state=LinkState.STOPPED, detail="", changed_at=Now()
    )


def release_dead(pid: int) -> int:
    """Free the slots of a process of this host that is known to have ended."""
    dead = Slot.objects.filter(host=_HOST, pid=pid).exclude(owner="")
    return dead.update(**_NOBODYS, state=LinkState.DOWN, detail="its worker ended")


def live(link_id: int) -> list[Slot]:
    """List the slots of a link whose owners are alive, in their order."""
    return list(_live(link_id).order_by("number"))


def links_up() -> set[int]:
    """List the links that have a worker whose connection is up and not held back."""
    up = Slot.objects.filter(state=LinkState.UP, owned_until__gte=Now())
    return set(up.values_list("link_id", flat=True))


def links_lately_up(within: timedelta) -> set[int]:
    """List the links that are up, and those whose connection has been away for so long at most."""
    lately = Slot.objects.filter(changed_at__gte=Now() - within)
    return links_up() | set(lately.values_list("link_id", flat=True))


def links_down() -> set[int]:
    """List the other links."""
    return set(Link.objects.values_list("id", flat=True)) - links_up()


_AWAY = (LinkState.DOWN, LinkState.BINDING, LinkState.REFUSED)

_NOBODYS = {"owner": "", "owned_until": None, "tps": 0.0, "in_flight": 0, "throughput": 0.0}
_FREE = Q(owner="") | Q(owned_until__lt=Now())


def _live(link_id: int):  # type: ignore[no-untyped-def]  # a QuerySet of django-stubs' own kind
    return Slot.objects.filter(link_id=link_id).exclude(_FREE)


def _take_number(link_id: int, number: int, owner: str, binds: int) -> Slot | None:
    slot, _ = Slot.objects.get_or_create(link_id=link_id, number=number)
    is_bind = number <= binds
    won = Slot.objects.filter(_FREE, id=slot.id).update(
        **{**_NOBODYS, "owner": owner, "owned_until": Now() + LEASE},
        host=_HOST,
        pid=os.getpid(),
        state=LinkState.DOWN if is_bind else LinkState.STANDBY,
        detail="" if is_bind else STANDS_BY,
        changed_at=Now(),
    )
    slot.tps = 0.0
    return slot if won else None


def _forget_surplus(link_id: int, binds: int) -> None:
    """Remove the places of workers that stood by and are gone."""
    Slot.objects.filter(_FREE, link_id=link_id, number__gt=binds).delete()


def _parts(rows: Sequence[Slot], slot: Slot, max_tps: int) -> tuple[float, float]:
    """Tell the even part of those that are up, and what the others leave, in messages a second."""
    others = [row for row in rows if row.id != slot.id]
    up = 1 + sum(row.state == LinkState.UP for row in others)
    return max_tps / up, max(max_tps - sum(row.tps for row in others), 0.0)
