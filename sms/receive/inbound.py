"""Messages that arrived for a number of ours: from a carrier, from a SIP client."""

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from sms import outbox
from sms.models import Arrival
from sms.receive.parts import Joiner
from sms.receive.storing import store
from sms.transports.base import Inbound

LONGEST_PARTY = 80
"""As much of an address as a message's row holds; numbers and names are far shorter."""


def inbound(batch: Sequence[Inbound], *, link_id: int | None = None) -> None:
    """Store what arrived, over a link or otherwise; the parts of long messages are joined.

    Idempotent for peers that name their sessions: a segment that is delivered again, since
    its answer was lost, makes no second message. Source: sms-api 7.1.
    """
    now = outbox.now()
    with transaction.atomic():
        joiner = Joiner(link_id=link_id, now=now)
        store(joiner.take([_fitting(item) for item in batch]), now=now)
        joiner.keep()


def _fitting(item: Inbound) -> Inbound:
    """Cut addresses that no row holds: a carrier that writes such has delivered all the same."""
    if max(len(item.sender), len(item.recipient)) <= LONGEST_PARTY:
        return item
    return replace(
        item,
        sender=item.sender[:LONGEST_PARTY],
        recipient=item.recipient[:LONGEST_PARTY],
        remark=item.remark or f"an address was cut to {LONGEST_PARTY} characters",
    )


def settle_arrivals(limit: int = 500) -> int:
    """Store messages that have waited long enough for a part, and forget what is long done."""
    now = outbox.now()
    with transaction.atomic():
        due = Arrival.objects.filter(due_at__lte=now).select_for_update(skip_locked=True)
        rows = list(due.order_by("due_at")[:limit])
        done = [row.id for row in rows if row.done_at]
        Arrival.objects.filter(id__in=done).delete()
        joiner = Joiner(link_id=None, now=now)
        store(joiner.give_up([row for row in rows if not row.done_at and row.known()]), now=now)
        joiner.keep()
    return len(rows)
