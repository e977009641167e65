"""One receipt for all parts of a message, from peers that say sub:003 and send no other.

Most peers that say so send one for each part all the same. So the receipt is parked
until the link's `one_receipt_wait_s` is over; the parts that have had none of their own
by then share its word.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from sms import outbox
from sms.lifecycle import SegmentState, Status
from sms.models import Link, ParkedReceipt, Segment
from sms.outbox import SegmentWrite
from sms.transports.base import Receipt

_OPEN = (SegmentState.ACCEPTED, SegmentState.SUBMITTING)


def share(applied: Iterable[tuple[Segment, Receipt]]) -> list[int]:
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
    now = timezone.now()
    waits = dict(Link.objects.values_list("id", "one_receipt_wait_s"))
    writes: list[SegmentWrite] = []
    parked: list[ParkedReceipt] = []
    for message_id, parts in _open_parts(covering).items():
        segment, receipt = covering[message_id]
        wait_s = waits[segment.link_id]
        due_at = (segment.receipt_at or now) + timedelta(seconds=wait_s)
        if wait_s and due_at > now:
            parked.append(park(receipt, link_id=segment.link_id, due_at=due_at))
        elif wait_s:
            writes += [_write(part, receipt) for part in parts]
    ParkedReceipt.objects.bulk_create(parked, ignore_conflicts=True)
    written, _ = outbox.record(segments=writes)
    return list(covering) if written else []


def park(receipt: Receipt, *, link_id: int, due_at: datetime) -> ParkedReceipt:
    """Make the row in which a receipt waits."""
    return ParkedReceipt(
        link_id=link_id,
        remote_id=receipt.remote_id[:65],
        remote_keys=list(receipt.remote_keys),
        status=receipt.status or "",
        error_code=receipt.code,
        raw=receipt.raw[:255],
        covers=receipt.covers,
        due_at=due_at,
    )


def _open_parts(message_ids: Iterable[int]) -> dict[int, list[Segment]]:
    found: dict[int, list[Segment]] = {}
    for part in Segment.objects.filter(message_id__in=list(message_ids), state__in=_OPEN):
        found.setdefault(part.message_id, []).append(part)
    return found


def _write(part: Segment, receipt: Receipt) -> SegmentWrite:
    before, after = SegmentState.ACCEPTED, SegmentState.DELIVERED
    return SegmentWrite(part.id, before, after, receipt=f"shared: {receipt.raw}"[:255])
