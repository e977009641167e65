"""A host whose own clock is wrong by a day and more: what is due, valid or signed goes by the
database's."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Account, PhoneNumber
from sms import idempotency, outbox, receive, slots, sweep
from sms.idempotency import NamedRequest
from sms.lifecycle import Direction, LinkState
from sms.models import Link, Message, ParkedReceipt
from sms.notify import Notifier
from sms.submit import Draft, submit
from sms.sweep import months
from sms.transports.base import Receipt
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db
MOMENT = timedelta(seconds=10)


@pytest.fixture(params=[timedelta(hours=25), timedelta(hours=-25)], ids=["ahead", "behind"])
def wrong_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """Put this process's clock ahead or behind."""
    by: timedelta = request.param
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + by.total_seconds())
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromtimestamp(time.time(), UTC))
    return by


def true_now(by: timedelta) -> datetime:
    return timezone.now() - by


def test_the_databases_clock_is_the_true_one(wrong_clock: timedelta) -> None:
    assert abs(outbox.now() - true_now(wrong_clock)) < MOMENT


@pytest.mark.usefixtures("wrong_clock")
def test_a_message_stays_valid_whoever_accepts_it_and_whoever_sweeps(
    number: PhoneNumber, link: Link
) -> None:
    draft = Draft(sender=number.number, recipient="13216549878", body="Hello")
    message = submit(draft, account_id=number.account_id, direction=Direction.OUTBOUND_API)
    Message.objects.update(link=link)
    assert sweep.expire() == 0
    lasts = Message.objects.get(id=message.id).expires_at - outbox.now()
    assert abs(lasts.total_seconds() - settings.SMS_VALIDITY_S) < MOMENT.total_seconds()


def test_a_request_that_another_host_answered_makes_no_second_message(
    account: Account, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = NamedRequest(account.id, "order-1", "its digest")
    message = make_message()
    idempotency.keep(request, message)
    ahead = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(timezone, "now", lambda: ahead)
    assert idempotency.first_answer(request) == message


def test_a_receipt_that_came_first_is_looked_at_again_in_a_second(
    wrong_clock: timedelta, link: Link
) -> None:
    receive.receipts([Receipt("1", ("1",), None, None, "early")], link_id=link.id)
    assert abs(ParkedReceipt.objects.get().due_at - true_now(wrong_clock)) < MOMENT
    ParkedReceipt.objects.update(due_at=true_now(wrong_clock) - timedelta(seconds=1))
    assert receive.join_parked() == 0
    assert ParkedReceipt.objects.get().due_at - true_now(wrong_clock) < MOMENT


@pytest.mark.usefixtures("wrong_clock")
def test_a_link_that_went_away_long_ago_was_not_up_lately(link: Link) -> None:
    slot = slots.take(link_id=link.id, owner="one", binds=1)
    slots.tell(slot, owner="one", state=LinkState.UP, detail="")
    slots.release(slot, owner="one")
    assert slots.links_lately_up(MOMENT) == {link.id}
    assert slots.links_lately_up(timedelta(seconds=-1)) == set()


def test_a_month_is_over_when_the_database_says_so(
    wrong_clock: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[datetime] = []
    monkeypatch.setattr(months, "look", looked.append)
    monkeypatch.setattr(months, "_looked_at", {})
    months.keep_months()
    (now,) = looked
    assert abs(now - true_now(wrong_clock)) < MOMENT


def test_a_callback_is_signed_for_the_moment_that_it_is(
    wrong_clock: timedelta, bench: Bench, make_message: MakeMessage
) -> None:
    make_message()
    bench.turn()
    (request,) = Notifier(worker="one").claim(10)
    signed_at = int(dict(request.headers)["webhook-timestamp"])
    assert abs(signed_at - true_now(wrong_clock).timestamp()) < MOMENT.total_seconds()
