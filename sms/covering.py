"""One receipt for all parts of a message, from peers that say sub:003 and send no other.

Most peers that say so send one for each part all the same. So the receipt is parked
until the link's `one_receipt_wait_s` is over; the parts that have had none of their own
by then share its word.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from sms import outbox
from sms.lifecycle import SegmentState, Status
from sms.models import Link, ParkedReceipt, Segment
from sms.outbox import SegmentWrite
from sms.transports.base import Receipt

_OPEN = (SegmentState.ACCEPTED, SegmentState.SUBMITTING)


class Part(NamedTuple):
    """What receipts ask of a segment; a model each costs as much as all the rest."""

    id: int
    message_id: int
    number: int
    link_id: int
    state: str
    remote_key: str
    receipt: str
    receipt_at: datetime | None
    error_code: int | None


def parts(segments: QuerySet[Segment]) -> Iterator[Part]:
    """Read segments."""
    return map(Part._make, segments.values_list(*Part._fields))


def share(applied: Iterable[tuple[Part, Receipt]]) -> list[int]:
    """Give the parts of a message the receipt of one, or park it until that is due.

    `applied` are receipts whose own segments say delivered now. Returns the messages
    that may be settled by it.
    """
    covering = {
        segment.message_id: (segment, receipt)
        for segment, receipt in applied
        if receipt.covers > 1 and receipt.status == Status.DELIVERED
    }
    if not covering:
        return []
    now = outbox.now()
    waits = dict(Link.objects.values_list("id", "one_receipt_wait_s"))
    writes: list[SegmentWrite] = []
    parked: list[ParkedReceipt] = []
    for message_id, missing in _open_parts(covering).items():
        segment, receipt = covering[message_id]
        wait_s = waits[segment.link_id]
        due_at = (segment.receipt_at or now) + timedelta(seconds=wait_s)
        if wait_s and due_at > now:
            parked.append(park(receipt, link_id=segment.link_id, due_at=due_at))
        elif wait_s:
            writes += [_write(part, receipt) for part in missing]
    ParkedReceipt.objects.bulk_create(parked, ignore_conflicts=True)
    return list(covering) if outbox.record(segments=writes).segments else []


def park(receipt: Receipt, *, link_id: int, due_at: datetime | CombinedExpression) -> ParkedReceipt:
    """Make the row in which a receipt waits."""
    return ParkedReceipt(
        link_id=link_id,
        remote_id=receipt.remote_id[:65],
        remote_keys=list(receipt.remote_keys),
        status=receipt.status or "",
        error_code=receipt.code,
        raw=receipt.raw[:255],
        covers=receipt.covers,
        received_at=Now(),
        due_at=due_at,
    )


def _open_parts(message_ids: Iterable[int]) -> dict[int, list[Part]]:
    found: dict[int, list[Part]] = {}
    for part in parts(Segment.objects.filter(message_id__in=list(message_ids), state__in=_OPEN)):
        found.setdefault(part.message_id, []).append(part)
    return found


def _write(part: Part, receipt: Receipt) -> SegmentWrite:
    before, after = SegmentState.ACCEPTED, SegmentState.DELIVERED
    return SegmentWrite(part.id, before, after, receipt=f"shared: {receipt.raw}"[:255])
