"""One receipt that says sub:003 for three parts; the clock is moved by moving the rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sms import receive
from sms.lifecycle import SegmentState, Status
from sms.models import Link, Message, ParkedReceipt, Segment
from sms.transports.base import Outbound, Outcome, Receipt
from tests.fakes.loopback import accept
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db

THREE_PARTS = "x" * 400


def covering(segment: Segment, covers: int = 3, status: Status = Status.DELIVERED) -> Receipt:
    key = segment.remote_key
    return Receipt(key, (key,), status, None, f"stat:{status} {key}", covers=covers)


def part(message: Message, number: int) -> Segment:
    return message.segments.get(number=number)


def pass_time(seconds: float) -> None:
    """Move everything that was noted into the past."""
    for row in Segment.objects.filter(receipt_at__isnull=False):
        assert row.receipt_at
        Segment.objects.filter(id=row.id).update(
            receipt_at=row.receipt_at - timedelta(seconds=seconds)
        )
    for parked in ParkedReceipt.objects.all():
        ParkedReceipt.objects.filter(id=parked.id).update(
            due_at=parked.due_at - timedelta(seconds=seconds)
        )


def status_of(message: Message) -> str:
    message.refresh_from_db()
    return message.status


@pytest.fixture
def sent(bench: Bench, make_message: MakeMessage) -> Message:
    message = make_message(body=THREE_PARTS)
    bench.turn()
    return message


def test_one_receipt_settles_all_parts_when_no_other_comes(sent: Message, link: Link) -> None:
    receive.receipts([covering(part(sent, 1))], link_id=link.id)
    pass_time(590)
    receive.join_parked()
    assert status_of(sent) == Status.SENT
    pass_time(11)
    receive.join_parked()
    assert status_of(sent) == Status.DELIVERED
    assert part(sent, 3).receipt.startswith("shared: stat:delivered")
    assert not ParkedReceipt.objects.exists()
    assert sent.callbacks.count() == 2


def test_a_receipt_of_each_part_settles_at_once_and_leaves_nothing(
    sent: Message, link: Link
) -> None:
    for number in (1, 2, 3):
        receive.receipts([covering(part(sent, number))], link_id=link.id)
    assert status_of(sent) == Status.DELIVERED
    pass_time(700)
    receive.join_parked()
    assert not ParkedReceipt.objects.exists()
    assert part(sent, 3).receipt == f"stat:delivered {part(sent, 3).remote_key}"


def test_a_part_that_fails_in_time_is_not_painted_over(sent: Message, link: Link) -> None:
    receive.receipts([covering(part(sent, 1))], link_id=link.id)
    receive.receipts([covering(part(sent, 2), status=Status.UNDELIVERED)], link_id=link.id)
    pass_time(700)
    receive.join_parked()
    assert status_of(sent) == Status.UNDELIVERED


@pytest.mark.parametrize(
    ("covers", "wait_s", "status"),
    [(1, 600, Status.SENT), (3, 0, Status.SENT), (3, 60, Status.DELIVERED)],
)
def test_it_needs_the_peers_word_and_the_links_leave(
    sent: Message, link: Link, covers: int, wait_s: int, status: Status
) -> None:
    Link.objects.update(one_receipt_wait_s=wait_s)
    receive.receipts([covering(part(sent, 2), covers)], link_id=link.id)
    pass_time(61)
    receive.join_parked()
    assert status_of(sent) == status


def test_a_receipt_before_its_answer_covers_its_parts_too(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message(body=THREE_PARTS)
    held: list[Outbound] = []
    bench = Bench(link, answer=lambda outbound: held.append(outbound))
    bench.turn()
    early = accept(held[0])
    receipt = Receipt(
        early.remote_id, (early.remote_key,), Status.DELIVERED, None, "stat:DELIVRD", covers=3
    )
    receive.receipts([receipt], link_id=link.id)
    assert ParkedReceipt.objects.get().covers == 3
    for outbound in held:
        bench.inbox.outcome(Outcome(outbound.key, accept(outbound)))
    bench.record()
    pass_time(2)
    receive.join_parked()
    assert status_of(message) == Status.SENT
    assert part(message, 1).state == SegmentState.DELIVERED
    parked = ParkedReceipt.objects.get()
    assert parked.due_at > timezone.now() + timedelta(seconds=590)
    pass_time(601)
    receive.join_parked()
    assert status_of(message) == Status.DELIVERED


def test_a_repeated_receipt_does_not_settle_early(sent: Message, link: Link) -> None:
    for _ in range(3):
        receive.receipts([covering(part(sent, 1))], link_id=link.id)
    pass_time(100)
    receive.receipts([covering(part(sent, 1))], link_id=link.id)
    receive.join_parked()
    assert status_of(sent) == Status.SENT
    pass_time(501)
    receive.join_parked()
    assert status_of(sent) == Status.DELIVERED
