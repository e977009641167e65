"""Slots: the right of one worker to hold one bind of a link, by lease.

Carriers count binds. A worker without a free slot stands by, and takes over when the
lease of the one before it has run out.
"""

import os
import socket
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from sms.lifecycle import LinkState
from sms.models import Link, Slot

LEASE = timedelta(seconds=15)
RENEW_S = 5.0
_HOST = socket.gethostname()[:255]


def acquire(*, link_id: int, owner: str) -> Slot | None:
    """Take the link's slot if it is free, or if its owner let the lease run out."""
    slot, _ = Slot.objects.get_or_create(link_id=link_id, number=1)
    free = Q(owner="") | Q(owner=owner) | Q(owned_until__lt=Now())
    won = Slot.objects.filter(free, id=slot.id).update(
        owner=owner, host=_HOST, pid=os.getpid(), owned_until=Now() + LEASE
    )
    return slot if won else None


def renew(slot: Slot, *, owner: str) -> bool:
    """Hold on to a slot; False when it is somebody else's by now."""
    return bool(Slot.objects.filter(id=slot.id, owner=owner).update(owned_until=Now() + LEASE))


def tell(slot: Slot, *, owner: str, state: LinkState, detail: str) -> None:
    """Show operators where the connection stands."""
    Slot.objects.filter(id=slot.id, owner=owner).update(
        state=state, detail=detail[:255], changed_at=timezone.now()
    )


def release(slot: Slot, *, owner: str) -> None:
    """Free a slot."""
    Slot.objects.filter(id=slot.id, owner=owner).update(
        owner="", owned_until=None, state=LinkState.STOPPED, detail="", changed_at=timezone.now()
    )


def release_dead(pid: int) -> int:
    """Free the slots of a process of this host that is known to have ended."""
    dead = Slot.objects.filter(host=_HOST, pid=pid).exclude(owner="")
    return dead.update(owner="", owned_until=None, state=LinkState.DOWN, detail="its worker ended")


def links_up() -> set[int]:
    """List the links that have a worker whose connection is up."""
    up = Slot.objects.filter(state=LinkState.UP, owned_until__gte=Now())
    return set(up.values_list("link_id", flat=True))


def links_lately_up(within: timedelta) -> set[int]:
    """List the links that are up, and those whose connection has been away for less than so long.

    By a worker's last word, in full seconds of its own host's clock.
    """
    lately = Slot.objects.filter(changed_at__gte=timezone.now() - within)
    return links_up() | set(lately.values_list("link_id", flat=True))


def links_down() -> set[int]:
    """List the other links."""
    return set(Link.objects.values_list("id", flat=True)) - links_up()
