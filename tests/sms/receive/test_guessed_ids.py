"""Receipts whose ids may be hexadecimal: what is a guess may be another message's own id."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from sms import receive
from sms.lifecycle import SegmentState, Status
from sms.models import Link, Message, ParkedReceipt, Segment
from sms.transports.base import Receipt
from tests.sms.conftest import MakeMessage

pytestmark = pytest.mark.django_db

EARLIER, LATER = "15550000077", "15550000119"


def accepted(make_message: MakeMessage, link: Link, recipient: str, remote_id: str) -> Message:
    """Store a message that the carrier has answered."""
    message = make_message(recipient=recipient, status=Status.SENT, due_at=None)
    message.segments.create(
        number=1, link=link, state=SegmentState.ACCEPTED, submitted_at=timezone.now()
    )
    message.segments.update(remote_id=remote_id, remote_key=remote_id)
    return message


def receipt(recipient: str, *keys: str) -> Receipt:
    return Receipt(keys[0], keys, Status.DELIVERED, None, "stat:DELIVRD", recipient=recipient)


def status(message: Message) -> str:
    return Message.objects.get(id=message.id).status


def look_again(link: Link, *, times: int) -> None:
    for _ in range(times):
        ParkedReceipt.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        receive.join_parked()


def test_a_receipt_that_comes_before_its_answer_is_no_other_messages(
    make_message: MakeMessage, link: Link
) -> None:
    """0x77 is 119: of a carrier that counts, the one may be a guess at the other."""
    earlier = accepted(make_message, link, EARLIER, "77")
    receive.receipts([receipt(LATER, "119", "77", "281")], link_id=link.id)
    look_again(link, times=1)
    assert status(earlier) == Status.SENT
    later = accepted(make_message, link, LATER, "119")
    look_again(link, times=1)
    assert (status(earlier), status(later)) == (Status.SENT, Status.DELIVERED)


@pytest.mark.parametrize("recipient", [EARLIER, f"+{EARLIER}", EARLIER[1:]])
def test_a_guess_holds_at_once_where_the_recipient_is_the_same(
    make_message: MakeMessage, link: Link, recipient: str
) -> None:
    message = accepted(make_message, link, EARLIER, "77")
    receive.receipts([receipt(recipient, "119", "77")], link_id=link.id)
    assert status(message) == Status.DELIVERED


def test_a_guess_holds_after_a_while_where_the_carrier_names_nobody(
    make_message: MakeMessage, link: Link
) -> None:
    message = accepted(make_message, link, EARLIER, "77")
    receive.receipts([receipt("", "119", "77")], link_id=link.id)
    look_again(link, times=2)
    assert status(message) == Status.SENT
    look_again(link, times=1)
    assert status(message) == Status.DELIVERED
    assert not ParkedReceipt.objects.exists()
    assert not Segment.objects.exclude(remote_id=F("remote_key")).exists()
