"""Sending messages again."""

from typing import Any

import pytest
from django.db import transaction

from accounts.models import Account, PhoneNumber
from sms.lifecycle import Direction, Status
from sms.models import Block, Event, Link, Message, OptOut, Route
from sms.resend import refusals, resend
from sms.timeline import timeline
from tests.sms.conftest import MakeMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(make_message: MakeMessage, number: PhoneNumber, link: Link) -> Message:
    Route.objects.create(prefix="", link=link)
    return make_message(status=Status.FAILED, due_at=None, error_code=30008, body="Grüße")


def reason(message: Message) -> str:
    """Ask for a copy that is refused, before and when it is made; return why."""
    message = Message.objects.select_related("account").get(pk=message.pk)
    before = Message.objects.count()
    told = resend(message, by="ann")
    assert isinstance(told, str)
    assert Message.objects.count() == before
    return told


def test_a_copy_is_a_message_of_its_own_that_knows_where_it_comes_from(failed: Message) -> None:
    copy = resend(failed, by="ann")
    assert isinstance(copy, Message)
    copy.refresh_from_db()
    assert copy.resent_from == failed and copy.sid != failed.sid
    assert (copy.status, copy.link_id) == (Status.SENDING, failed.link_id)
    for column in ("sender", "recipient", "body", "encoding", "callback_url", "direction"):
        assert getattr(copy, column) == getattr(failed, column)
    failed.refresh_from_db()
    assert failed.status == Status.FAILED
    assert [(e.kind, e.raw) for e in failed.events.all()] == [
        (Event.Kind.RESENT, f"as {copy.sid}, by ann")
    ]
    told = [(entry.what, entry.raw) for entry in timeline(copy)]
    assert ("sent again by staff", f"from {failed.sid}, by ann") in told


def test_a_second_click_makes_no_second_copy(failed: Message) -> None:
    copy = resend(failed, by="ann")
    assert isinstance(copy, Message)
    assert reason(failed) == f"it was sent again already, as {copy.sid}"


def test_of_two_at_the_same_time_one_makes_the_copy(
    failed: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = resend(failed, by="ann")
    assert isinstance(copy, Message)
    monkeypatch.setattr("sms.resend.refusals", lambda _: {})  # the other looked before
    with transaction.atomic():
        assert resend(failed, by="bob") == f"it was sent again already, as {copy.sid}"
    assert failed.copies.count() == 1 and failed.events.count() == 1


def test_a_copy_may_be_sent_again_in_its_turn(failed: Message) -> None:
    copy = resend(failed, by="ann")
    assert isinstance(copy, Message)
    Message.objects.filter(pk=copy.pk).update(status=Status.UNDELIVERED, due_at=None)
    copy.refresh_from_db()
    assert isinstance(resend(copy, by="ann"), Message)


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_account_that_may_not_send_sends_nothing_again(failed: Message, status: str) -> None:
    Account.objects.update(status=status)
    assert reason(failed) == f"its account is {status}"


def test_blocks_and_stops_of_now_hold(failed: Message) -> None:
    OptOut.objects.create(
        account=failed.account, number=failed.sender_key, person=failed.recipient_key, word="STOP"
    )
    assert reason(failed) == "the recipient has written STOP to this number"
    Block.objects.create(digits=failed.recipient_key)
    assert reason(failed) == f"an operator has blocked {failed.recipient_key}"


def test_a_number_that_is_gone_sends_nothing_again(failed: Message) -> None:
    PhoneNumber.objects.all().delete()
    assert reason(failed) == "From is not an SMS-enabled number of this account."


def test_a_copy_counts_among_the_messages_of_its_day(failed: Message) -> None:
    Account.objects.update(max_messages_per_day=0)
    assert "may send 0 messages a day" in reason(failed)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"direction": Direction.INBOUND, "status": Status.RECEIVED}, "it came in"),
        ({"status": Status.QUEUED, "error_code": None}, "it is still on its way"),
        ({"body": ""}, "its text is no longer kept"),
    ],
)
def test_what_cannot_be_sent_again_says_why(
    failed: Message, changes: dict[str, Any], why: str
) -> None:
    Message.objects.update(**changes)
    assert why in reason(failed)


def test_many_are_asked_for_at_once(
    failed: Message, make_message: MakeMessage, django_assert_max_num_queries: Any
) -> None:
    more = [make_message(status=Status.SENDING) for _ in range(20)]
    rows = list(Message.objects.select_related("account"))
    with django_assert_max_num_queries(5):
        assert set(refusals(rows)) == {message.id for message in more}
