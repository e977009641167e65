from datetime import timedelta

import pytest
from django.utils import timezone

from sms import receive
from sms.errors import ErrorCode
from sms.lifecycle import SegmentState, Status
from sms.models import Callback, Event, Link, Message, ParkedReceipt, Segment
from sms.transports.base import Receipt
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db


def receipt(
    key: str, status: Status | None = Status.DELIVERED, code: ErrorCode | None = None
) -> Receipt:
    return Receipt(
        remote_id=key, remote_keys=(key,), status=status, code=code, raw=f"stat:{status}"
    )


def sent(bench: Bench, make_message: MakeMessage, **fields: object) -> Message:
    message = make_message(**fields)
    bench.turn()
    return message


def keys(message: Message) -> list[str]:
    return list(message.segments.order_by("number").values_list("remote_key", flat=True))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.DELIVERED, None),
        (Status.UNDELIVERED, ErrorCode.UNREACHABLE_HANDSET),
        (Status.FAILED, ErrorCode.BLOCKED),
    ],
)
def test_a_receipt_settles_its_message_and_owes_the_second_callback(
    bench: Bench, make_message: MakeMessage, link: Link, status: Status, code: ErrorCode | None
) -> None:
    message = sent(bench, make_message)
    receive.receipts([receipt(keys(message)[0], status, code)], link_id=link.id)
    message.refresh_from_db()
    assert (message.status, message.error) == (status, code)
    events = list(message.callbacks.order_by("event").values_list("event", "status", "error_code"))
    assert events == [
        (Callback.Event.SENT, Status.SENT, None),
        (Callback.Event.DELIVERY, status, code),
    ]


def test_a_state_on_the_way_changes_nothing(
    bench: Bench, make_message: MakeMessage, link: Link
) -> None:
    message = sent(bench, make_message)
    receive.receipts([receipt(keys(message)[0], None)], link_id=link.id)
    message.refresh_from_db()
    assert message.status == Status.SENT
    receive.receipts([receipt(keys(message)[0])], link_id=link.id)
    message.refresh_from_db()
    assert message.status == Status.DELIVERED


def test_a_repeated_receipt_is_dropped(bench: Bench, make_message: MakeMessage, link: Link) -> None:
    message = sent(bench, make_message)
    again = receipt(keys(message)[0])
    receive.receipts([again, again], link_id=link.id)
    receive.receipts([again], link_id=link.id)
    assert message.callbacks.count() == 2
    assert not message.events.exists()


def test_a_late_receipt_does_not_undo_delivered(
    bench: Bench, make_message: MakeMessage, link: Link
) -> None:
    message = sent(bench, make_message)
    key = keys(message)[0]
    receive.receipts([receipt(key)], link_id=link.id)
    receive.receipts([receipt(key, Status.FAILED, ErrorCode.UNKNOWN)], link_id=link.id)
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.DELIVERED, None)
    assert message.events.get().kind == Event.Kind.RECEIPT


def test_a_receipt_before_its_answer_is_parked_and_joined(
    bench: Bench, make_message: MakeMessage, link: Link
) -> None:
    message = make_message()
    bench.dispatcher.fill()
    key = f"{Segment.objects.get().id:X}"
    receive.receipts([receipt(key)], link_id=link.id)
    assert ParkedReceipt.objects.count() == 1
    bench.record()
    ParkedReceipt.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert receive.join_parked() == 1
    message.refresh_from_db()
    assert message.status == Status.DELIVERED
    assert not ParkedReceipt.objects.exists()


def test_a_receipt_for_an_unknown_id_harms_nothing(
    bench: Bench, make_message: MakeMessage, link: Link
) -> None:
    message = sent(bench, make_message)
    receive.receipts([receipt("NOBODY"), receipt(keys(message)[0])], link_id=link.id)
    message.refresh_from_db()
    assert message.status == Status.DELIVERED
    ParkedReceipt.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert receive.join_parked() == 0
    assert ParkedReceipt.objects.get().due_at > timezone.now()


def test_an_id_that_stays_unknown_is_told_once_with_its_link(
    link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):  # the peer repeats itself
        receive.receipts([receipt("NOBODY")], link_id=link.id)
    for _ in range(10):
        ParkedReceipt.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        receive.join_parked()
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == ["link carrier: a receipt for 'NOBODY', an id of no message"]


def test_a_receipt_without_an_id_is_told_with_its_link(
    link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    receive.receipts([Receipt("", (), Status.DELIVERED, None, "stat:DELIVRD")], link_id=link.id)
    assert "link carrier: 1 receipts name no message" in caplog.text
    assert not ParkedReceipt.objects.exists()


def test_a_parked_receipt_is_given_up_after_a_week(link: Link) -> None:
    receive.receipts([receipt("NOBODY")], link_id=link.id)
    now = timezone.now()
    ParkedReceipt.objects.update(
        received_at=now - timedelta(days=8), due_at=now - timedelta(days=1)
    )
    receive.join_parked()
    assert not ParkedReceipt.objects.exists()


def test_a_receipt_of_another_link_is_not_ours(
    bench: Bench, make_message: MakeMessage, link: Link
) -> None:
    message = sent(bench, make_message)
    other = Link.objects.create(name="other", host="127.0.0.1")
    receive.receipts([receipt(keys(message)[0])], link_id=other.id)
    message.refresh_from_db()
    assert message.status == Status.SENT


def test_an_id_that_comes_round_again_means_the_newest_open_segment(
    bench: Bench, make_message: MakeMessage, link: Link
) -> None:
    old, new = sent(bench, make_message), sent(bench, make_message)
    Segment.objects.update(remote_key="7")
    receive.receipts([receipt("7")], link_id=link.id)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, new.status) == (Status.SENT, Status.DELIVERED)
    receive.receipts([receipt("7")], link_id=link.id)
    old.refresh_from_db()
    assert old.status == Status.DELIVERED


def test_a_long_message_is_delivered_with_its_last_part(
    bench: Bench, make_message: MakeMessage, link: Link
) -> None:
    message = sent(bench, make_message, body="x" * 400)
    first, second, third = keys(message)
    receive.receipts([receipt(third), receipt(first)], link_id=link.id)
    message.refresh_from_db()
    assert message.status == Status.SENT
    receive.receipts([receipt(second)], link_id=link.id)
    message.refresh_from_db()
    assert message.status == Status.DELIVERED
    assert message.callbacks.count() == 2


def test_receipts_of_first_parts_may_come_before_the_last_is_accepted(
    link: Link, make_message: MakeMessage
) -> None:
    from sms.transports.base import Outcome
    from tests.fakes.loopback import accept

    message = make_message(body="x" * 400)
    bench = Bench(link, answer=lambda o: accept(o) if o.part < 3 else None)
    bench.turn()
    dead = receipt(keys(message)[0], Status.UNDELIVERED, ErrorCode.UNREACHABLE_HANDSET)
    receive.receipts([dead], link_id=link.id)
    last = bench.transport.sent[-1]
    bench.inbox.outcome(Outcome(last.key, accept(last)))
    bench.record()
    message.refresh_from_db()
    assert (message.status, message.error_code) == (Status.UNDELIVERED, 30003)
    assert list(message.callbacks.order_by("event").values_list("status", flat=True)) == [
        Status.SENT,
        Status.UNDELIVERED,
    ]


def test_candidate_ids_are_tried_in_their_order(
    bench: Bench, make_message: MakeMessage, link: Link
) -> None:
    message = sent(bench, make_message)
    key = keys(message)[0]
    wrote = ("NOT-THIS", key)
    found = Receipt("x", wrote, Status.DELIVERED, None, "stat:DELIVRD", recipient=message.recipient)
    receive.receipts([found], link_id=link.id)
    assert message.segments.get().state == SegmentState.DELIVERED
