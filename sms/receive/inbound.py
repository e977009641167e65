"""Messages for our numbers."""

import logging
from collections.abc import Sequence

from django.utils import timezone

from accounts import numbers
from accounts.models import PhoneNumber
from sms.lifecycle import Direction, Status
from sms.models import Message
from sms.transports.base import Inbound

logger = logging.getLogger(__name__)


def inbound(batch: Sequence[Inbound]) -> None:
    """Store messages for our numbers."""
    owners = _owners({numbers.key(item.recipient) for item in batch})
    now = timezone.now()
    rows = []
    for item in batch:
        account_id = owners.get(numbers.key(item.recipient))
        if account_id is None:
            logger.warning("inbound message for a number that nobody owns was dropped")
            continue
        rows.append(_inbound_row(item, account_id, now))
    Message.objects.bulk_create(rows)


def _inbound_row(item: Inbound, account_id: int, now) -> Message:  # type: ignore[no-untyped-def]
    return Message(
        account_id=account_id,
        direction=Direction.INBOUND,
        status=Status.RECEIVED,
        sender=item.sender,
        sender_key=numbers.key(item.sender),
        recipient=item.recipient,
        recipient_key=numbers.key(item.recipient),
        body=item.text.replace("\x00", "\ufffd"),
        num_segments=1,
        date_created=now,
        date_updated=now,
        date_sent=now,
        due_at=None,
    )


def _owners(keys: set[str]) -> dict[str, int]:
    rows = PhoneNumber.objects.filter(key__in=keys, kind=PhoneNumber.Kind.NUMBER)
    return dict(rows.values_list("key", "account_id"))
