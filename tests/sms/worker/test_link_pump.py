"""A link's pump against the SMSC simulator, over TCP, on a real database."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import Q
from django.utils import timezone

from accounts import unrouted
from accounts.models import PhoneNumber
from sms import outbox, receive, sweep
from sms.errors import ErrorCode
from sms.lifecycle import FINAL, LinkState, SegmentState, Status
from sms.models import Event, Link, Message, Segment, Slot
from sms.transports.base import Inbound
from tests.fakes.carrier import Carrier
from tests.sms.conftest import MakeMessage
from tests.sms.worker.conftest import PATIENCE_S, Start, is_up, until

pytestmark = [pytest.mark.sockets, pytest.mark.django_db(transaction=True)]

UNANSWERED = ErrorCode.NO_RESPONSE


def all_final() -> bool:
    return not Message.objects.exclude(status__in=FINAL).exists()


def outcomes() -> Counter[tuple[str, int | None]]:
    return Counter(Message.objects.values_list("status", "error_code"))


def test_messages_are_delivered_with_their_receipts(
    start: Start, make_message: MakeMessage, carrier: Carrier
) -> None:
    ids = {make_message(recipient=f"1555{n:07}", body=f"Hello {n}").id for n in range(30)}
    ids.add(make_message(body="Long €" * 100).id)
    start()
    until("delivery", all_final)
    assert outcomes() == {("delivered", None): 31}
    assert set(Message.objects.values_list("id", flat=True)) == ids
    segments = Segment.objects.all()
    assert {segment.state for segment in segments} == {SegmentState.DELIVERED}
    assert all("stat:DELIVRD" in segment.receipt for segment in segments)
    assert carrier.stats()["submits"] == segments.count() > 31
    assert not Event.objects.exists()  # the happy path has none


def test_a_message_that_comes_while_it_runs_is_sent_when_it_is_woken(
    start: Start, make_message: MakeMessage
) -> None:
    pump = start()
    until("the bind", is_up)
    make_message()
    pump.wake()
    until("delivery", all_final)


CODES: list[tuple[int, Status, int | None]] = [
    (30003, Status.UNDELIVERED, None),
    (30004, Status.FAILED, None),
    (30005, Status.FAILED, 0x0B),
    (30006, Status.FAILED, 0xFE),
    (30007, Status.FAILED, 0x0A),
    (30008, Status.UNDELIVERED, None),
]


def test_each_failure_of_the_peer_settles_with_its_code(
    start: Start, make_message: MakeMessage
) -> None:
    messages = {code: make_message(recipient=f"155512{code}") for code, *_ in CODES}
    start()
    until("all ends", all_final)
    for code, status, answer in CODES:
        message = messages[code]
        message.refresh_from_db()
        assert (message.error_code, message.status) == (code, status)
        raw = message.segments.get()
        assert f"0x{answer:08X}" in raw.answer if answer else "stat:" in raw.receipt


def test_silence_ends_in_30090_and_says_so(
    start: Start, make_message: MakeMessage, carrier: Carrier
) -> None:
    silent, heard = make_message(recipient="15551230090"), make_message()
    start()
    until("both ends", all_final)
    silent.refresh_from_db()
    heard.refresh_from_db()
    assert (silent.status, silent.error) == (Status.FAILED, UNANSWERED)
    assert heard.status == Status.DELIVERED  # one silent PDU delays nobody else
    assert [event.kind for event in silent.events.all()] == [Event.Kind.UNANSWERED]
    assert carrier.stats()["duplicates"] == 0


def test_a_full_queue_is_tried_until_the_validity_ends(
    start: Start, make_message: MakeMessage
) -> None:
    message = make_message(
        recipient="15551230001", expires_at=timezone.now() + timedelta(seconds=60)
    )
    start()
    until("its way back", lambda: Message.objects.get().status == Status.QUEUED)
    assert Message.objects.get().attempts == 1
    Message.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sweep.expire() == 1
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.QUEUE_OVERFLOW)
    kinds = [event.kind for event in message.events.all()]
    assert kinds == [Event.Kind.DEFERRED, Event.Kind.EXPIRED]


def test_a_line_that_breaks_loses_nothing_and_sends_nothing_twice(
    start: Start, make_message: MakeMessage, carrier: Carrier
) -> None:
    for n in range(150):
        make_message(recipient=f"1555{n:07}", body=f"Hello {n}")
    carrier.turn("latency_ms", 20)
    carrier.turn("drop_after", 40)
    start()
    until("the bind after the break", lambda: carrier.stats()["binds_total"] == 2)
    until("all ends", all_final)
    ends = outcomes()
    assert set(ends) <= {("delivered", None), ("failed", UNANSWERED)}
    # What had been written had no answer; what had not been went out over the new line.
    assert 1 <= ends["failed", UNANSWERED] <= 10 and ends["delivered", None] >= 140
    assert carrier.stats()["duplicates"] == 0
    told = Event.objects.filter(kind=Event.Kind.UNANSWERED).values_list("message_id", flat=True)
    failed = Message.objects.filter(status=Status.FAILED).values_list("id", flat=True)
    assert sorted(told) == sorted(failed)
    assert Segment.objects.filter(state=SegmentState.SUBMITTING).count() == 0


def test_where_the_link_says_so_a_broken_line_ends_in_delivery(
    start: Start, make_message: MakeMessage, carrier: Carrier
) -> None:
    Link.objects.update(on_unanswered=Link.OnUnanswered.RESEND)
    for n in range(60):
        make_message(recipient=f"1555{n:07}", body=f"Hello {n}")
    carrier.turn("latency_ms", 20)
    carrier.turn("drop_after", 20)
    start()
    until("all ends", all_final)
    assert outcomes() == {("delivered", None): 60}
    assert carrier.stats()["duplicates"] >= 1


def test_a_second_worker_stands_by_and_takes_over(
    start: Start, make_message: MakeMessage, carrier: Carrier
) -> None:
    first = start()
    until("the bind", is_up)
    second = start()
    make_message()
    first.wake()
    second.wake()
    until("delivery", all_final)
    assert carrier.stats()["binds_total"] == 1
    until("the second place", lambda: Slot.objects.filter(state=LinkState.STANDBY).exists())
    owners = dict(Slot.objects.values_list("number", "owner"))
    assert owners == {1: first.worker, 2: second.worker}
    assert (first.stands_by, second.stands_by) == (False, True)
    first.stop(PATIENCE_S)
    until("the take-over", lambda: is_up() and Slot.objects.get().owner == second.worker)
    assert not second.stands_by
    make_message(recipient="15551234567")
    second.wake()
    until("delivery", all_final)
    stats = carrier.stats()
    assert (stats["binds"], stats["binds_total"], stats["duplicates"]) == (1, 2, 0)


def test_a_worker_that_lost_its_slot_closes_its_line(
    start: Start, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.slots.RENEW_S", 0.1)
    pump = start()
    until("the bind", is_up)
    Slot.objects.update(owner="somebody else", owned_until=timezone.now() + timedelta(hours=1))
    pump.wake()
    until("the farewell", lambda: carrier.stats()["binds"] == 0)
    assert Slot.objects.get(number=1).owner == "somebody else"
    Slot.objects.update(owner="", owned_until=None)
    until("the bind after it", lambda: carrier.stats()["binds"] == 1)


def test_stopping_drains_the_line_and_gives_back_the_rest(
    start: Start, make_message: MakeMessage, carrier: Carrier
) -> None:
    carrier.turn("latency_ms", 300)
    for n in range(100):
        make_message(recipient=f"1555{n:07}", body=f"Hello {n}")
    pump = start()
    until("the first submits", lambda: carrier.stats()["submits"] >= 5)
    pump.stop(PATIENCE_S)
    # Everything that left has its answer; everything else waits for the next worker.
    assert not Segment.objects.filter(state=SegmentState.SUBMITTING).exists()
    assert not Message.objects.filter(~Q(locked_by="")).exists()
    assert Message.objects.filter(status=Status.FAILED).count() == 0
    assert Slot.objects.get().state == LinkState.STOPPED
    carrier.turn("latency_ms", 0)
    start()
    until("the rest", all_final)
    assert outcomes() == {("delivered", None): 100}
    assert carrier.stats()["duplicates"] == 0


def fail_at_first(times: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """Be a database that is away for the first calls of a function."""
    calls = itertools.count()

    def flaky(*args: Any, **kwargs: Any) -> Any:
        if next(calls) < times:
            raise OperationalError("the database is away")
        return function(*args, **kwargs)

    return flaky


def test_answers_that_come_while_it_stops_wait_for_the_database(
    start: Start, make_message: MakeMessage, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier.turn("latency_ms", 300)
    for n in range(5):
        make_message(recipient=f"1555{n:07}")
    pump = start()
    until("the submits", lambda: carrier.stats()["submits"] == 5)
    monkeypatch.setattr("sms.outbox.record", fail_at_first(3, outbox.record))
    pump.stop(PATIENCE_S)
    assert not Segment.objects.filter(state=SegmentState.SUBMITTING).exists()
    assert Slot.objects.get().state == LinkState.STOPPED


def test_a_worker_that_lost_its_slot_comes_back_although_the_database_failed_it(
    start: Start, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.slots.RENEW_S", 0.1)
    pump = start()
    until("the bind", is_up)
    monkeypatch.setattr("sms.outbox.release", fail_at_first(1, outbox.release))
    Slot.objects.update(owner="somebody else", owned_until=timezone.now() + timedelta(hours=1))
    pump.wake()
    until("the farewell", lambda: carrier.stats()["binds"] == 0)
    Slot.objects.update(owner="", owned_until=None)
    until("the bind after it", lambda: carrier.stats()["binds"] == 1)


def test_a_message_from_a_handset_is_stored_for_its_account(
    start: Start, number: PhoneNumber, carrier: Carrier
) -> None:
    start()
    carrier.send_inbound(sender="15551230000", recipient=number.key, text="Grüße 😀")
    carrier.send_inbound(sender="15551230000", recipient="15550000000", text="nobody's")
    until("both acknowledgements", lambda: carrier.stats()["mo_acked"] == 2)
    assert Message.objects.get(body="nobody's").account.sid == unrouted.SID
    message = Message.objects.get(account=number.account)
    stored: dict[str, Any] = {
        "account": number.account,
        "direction": "inbound",
        "status": "received",
        "sender": "15551230000",
        "recipient": number.key,
        "body": "Grüße 😀",
        "due_at": None,
    }
    assert {name: getattr(message, name) for name in stored} == stored


def test_what_is_delivered_again_since_its_answer_was_lost_is_one_message(
    start: Start, number: PhoneNumber, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = receive.inbound
    lost = iter((True,))

    def take_and_lose_the_line(batch: Sequence[Inbound], *, link_id: int | None = None) -> None:
        taken(batch, link_id=link_id)
        if next(lost, False):  # committed, and the line is gone before the answer is written
            carrier.drop()

    monkeypatch.setattr(receive, "inbound", take_and_lose_the_line)
    start()
    carrier.send_inbound(sender="15551230000", recipient=number.key, text="once")
    carrier.send_inbound(sender="15551230000", recipient=number.key, text="long " * 50)
    until("the acknowledgements", lambda: carrier.stats()["mo_acked"] == 3)
    assert carrier.stats()["mo_sent"] > 3
    bodies = Message.objects.order_by("id").values_list("body", flat=True)
    assert list(bodies) == ["once", "long " * 50]


def test_what_could_not_be_stored_is_not_acknowledged(
    start: Start, number: PhoneNumber, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = receive.inbound
    refused: list[int] = []

    def fail_once(batch: Sequence[Inbound], *, link_id: int | None = None) -> None:
        if not refused:
            refused.append(carrier.stats()["mo_acked"])
            raise OperationalError("the database is away")
        taken(batch, link_id=link_id)

    monkeypatch.setattr(receive, "inbound", fail_once)
    start()
    carrier.send_inbound(sender="15551230000", recipient=number.key, text="once")
    until("the acknowledgement", lambda: carrier.stats()["mo_acked"] == 1)
    assert refused == [0]
    assert Message.objects.get().body == "once"


def test_a_disabled_link_is_not_opened(start: Start, link: Link, carrier: Carrier) -> None:
    Link.objects.update(enabled=False)
    pump = start()
    pump.wake()
    Link.objects.update(enabled=True)
    until("the bind", is_up)
    assert carrier.stats()["binds_total"] == 1
