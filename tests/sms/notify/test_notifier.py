import logging
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Account
from sms import notify, receive
from sms.lifecycle import Status
from sms.models import Callback, CallbackAttempt, CallbackHost, Link, Message
from sms.notify import Notifier, notifier
from sms.transports.base import Receipt
from sms.transports.simulator.receiver import CallbackReceiver
from sms.webhook.sender import Answer
from sms.worker.notify_pump import NotifyPump
from tests.sms.conftest import Bench, MakeMessage


def delivered(link: Link, message: Message) -> None:
    key = message.segments.get().remote_key
    receive.receipts(
        [Receipt(key, (key,), Status.DELIVERED, None, "stat:DELIVRD")], link_id=link.id
    )


@pytest.fixture
def message(bench: Bench, link: Link, make_message: MakeMessage) -> Message:
    """A message that was sent and delivered, and owes both callbacks."""
    message = make_message(body="Grüße & mehr")
    bench.turn()
    delivered(link, message)
    return message


@pytest.mark.django_db
def test_a_callback_says_what_the_api_document_says(message: Message, account: Account) -> None:
    (request,) = Notifier(worker="one").claim(10)
    assert request.fields == (
        ("MessageSid", message.sid),
        ("MessageStatus", "sent"),
        ("AccountSid", account.sid),
        ("From", "19876543212"),
        ("To", "13216549878"),
        ("Body", "Grüße & mehr"),
    )
    assert "webhook-signature" in dict(request.headers)


@pytest.mark.django_db
def test_a_secret_that_does_not_open_stops_nobody_else(
    message: Message,
    account: Account,
    bench: Bench,
    make_message: MakeMessage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As when an ENCRYPTION_KEY is removed before everything was written anew."""
    other = Account.objects.create(friendly_name="Other")
    theirs = make_message(account=other)
    bench.turn()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_account SET signing_secret = 'of another key' WHERE id = %s",
            [account.id],
        )
    notifier = Notifier(worker="one")
    (request,) = notifier.claim(10)
    assert dict(request.fields)["MessageSid"] == theirs.sid
    notifier.flush()
    ours = Callback.objects.get(message=message, event=1)
    assert (ours.state, ours.locked_by, ours.attempts) == ("pending", "", 1)
    (attempt,) = ours.attempts_made.all()
    assert "does not open with ENCRYPTION_KEY" in attempt.error and attempt.status is None
    assert not CallbackHost.objects.exists(), "the host is not to blame"
    Callback.objects.filter(id=ours.id).update(due_at=timezone.now() - timedelta(seconds=1))
    assert notifier.claim(10) == []
    assert len([r for r in caplog.records if r.name.startswith("sms.notify")]) == 1


@pytest.mark.django_db
def test_logs_say_how_a_server_answered_and_nothing_of_message_or_address(
    message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    notifier = Notifier(worker="one")
    (request,) = notifier.claim(10)
    error = "redirect to https://app.example/s3cret not followed"
    notifier.take([Answer(request.key, status=302, error=error)])
    notifier.flush()
    assert f"callback {request.key} to " in caplog.text and ": answered 302\n" in caplog.text
    for hidden in ("s3cret", message.body, message.recipient, message.sender):
        assert hidden not in caplog.text
    assert CallbackAttempt.objects.get().error == error


@pytest.mark.django_db
def test_a_second_answer_to_one_callback_is_dropped(message: Message) -> None:
    notifier = Notifier(worker="one")
    (request,) = notifier.claim(10)
    notifier.take([Answer(request.key, status=200)] * 2)
    notifier.flush()
    assert Callback.objects.get(id=request.key).state == Callback.State.DELIVERED


@pytest.mark.django_db
def test_the_second_event_waits_for_the_first_to_finish(message: Message) -> None:
    notifier = Notifier(worker="one")
    (first,) = notifier.claim(10)
    assert notifier.claim(10) == []
    notifier.take([Answer(first.key, status=500, error="answered 500")])
    notifier.flush()
    assert notifier.claim(10) == []  # the first is due again later, and still goes first
    Callback.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    (again,) = notifier.claim(10)
    assert again.key == first.key
    notifier.take([Answer(again.key, status=200)])
    notifier.flush()
    (second,) = notifier.claim(10)
    assert dict(second.fields)["MessageStatus"] == "delivered"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"status": 204}, "delivered"),
        ({"status": 302, "error": "redirect"}, "pending"),
        ({"status": 404, "error": "answered 404"}, "pending"),
        ({"status": 410, "error": "answered 410"}, "failed"),
        ({"status": 500, "error": "answered 500"}, "pending"),
        ({"status": None, "error": "connection refused"}, "pending"),
    ],
)
def test_only_2xx_ends_well_and_only_410_ends_at_once(
    message: Message, answer: dict[str, object], state: str
) -> None:
    notifier = Notifier(worker="one")
    (request,) = notifier.claim(10)
    notifier.take([Answer(request.key, **answer)])  # type: ignore[arg-type]
    notifier.flush()
    callback = Callback.objects.get(id=request.key)
    assert callback.state == state
    assert callback.locked_by == "" and callback.attempts == 1


@pytest.mark.django_db
def test_retry_after_is_honoured(message: Message) -> None:
    notifier = Notifier(worker="one")
    (request,) = notifier.claim(10)
    notifier.take([Answer(request.key, status=429, error="answered 429", retry_after_s=1800)])
    notifier.flush()
    wait = Callback.objects.get(id=request.key).due_at - timezone.now()
    assert timedelta(minutes=29) < wait < timedelta(minutes=31)


@pytest.mark.django_db
def test_a_callback_is_given_up_after_a_day_and_the_next_goes_on(message: Message) -> None:
    old = timezone.now() - timedelta(seconds=settings.CALLBACK_GIVE_UP_S)
    Callback.objects.filter(event=1).update(created_at=old)
    notifier = Notifier(worker="one")
    (request,) = notifier.claim(10)
    notifier.take([Answer(request.key, status=None, error="connection refused")])
    notifier.flush()
    assert Callback.objects.get(id=request.key).state == "failed"
    (second,) = notifier.claim(10)
    assert dict(second.fields)["MessageStatus"] == "delivered"


@pytest.mark.parametrize(("attempts", "longest"), [(1, 10), (2, 20), (5, 160), (30, 4 * 3600)])
def test_the_wait_doubles_up_to_four_hours(attempts: int, longest: float) -> None:
    waits = [notify.retry_in_s(attempts) for _ in range(300)]
    assert 0 <= min(waits) and max(waits) <= longest
    assert max(waits) > longest / 2


@pytest.mark.sockets
@pytest.mark.django_db(transaction=True)
def test_callbacks_arrive_in_order_and_verified(
    bench: Bench,
    link: Link,
    make_message: MakeMessage,
    account: Account,
    settings: Settings,
) -> None:
    settings.CALLBACK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with CallbackReceiver(secret=account.signing_secret) as receiver:
        messages = [make_message(callback_url=receiver.url) for _ in range(20)]
        bench.turn()
        for message in messages:
            delivered(link, message)
        pump = NotifyPump()
        pump.start()
        try:
            assert receiver.wait_for(lambda received: len(received) >= 40, timeout_s=20)
        finally:
            pump.stop(10)
        told = [(r.fields["MessageSid"], r.fields["MessageStatus"]) for r in receiver.received]
    assert all(r.verified for r in receiver.received)
    for message in messages:
        assert [status for sid, status in told if sid == message.sid] == ["sent", "delivered"]
    assert set(Callback.objects.values_list("state", flat=True)) == {"delivered"}


@pytest.mark.sockets
@pytest.mark.django_db(transaction=True)
def test_an_address_inside_is_refused_where_the_operator_does_not_allow_it(
    bench: Bench, make_message: MakeMessage
) -> None:
    with CallbackReceiver() as receiver:
        make_message(callback_url=receiver.url)
        bench.turn()
        pump = NotifyPump()
        pump.start()
        try:
            until = time.monotonic() + 10
            while not Callback.objects.exclude(last_answer="").exists():
                assert time.monotonic() < until
                time.sleep(0.05)
        finally:
            pump.stop(10)
        assert receiver.received == []
    callback = Callback.objects.get()
    assert "not allowed" in callback.last_answer
    assert callback.state == "failed", "an address in the URL itself stays what it is"


@pytest.mark.django_db
def test_one_host_gets_no_more_than_its_share_at_once(
    bench: Bench, make_message: MakeMessage
) -> None:
    for _ in range(notifier.PER_HOST + 5):
        make_message(callback_host="slow.example:80")
        bench.turn()
    make_message(callback_host="good.example:80")
    bench.turn()
    held: Counter[str] = Counter()
    for worker in ("one", "two", "three"):
        ids = [request.key for request in Notifier(worker=worker).claim(400)]
        held.update(Callback.objects.filter(id__in=ids).values_list("host", flat=True))
    assert held == {"slow.example:80": notifier.PER_HOST, "good.example:80": 1}


@pytest.mark.django_db
def test_hosts_that_are_all_slow_leave_room_for_one_more(
    bench: Bench, make_message: MakeMessage
) -> None:
    for n in range(6):
        for _ in range(20):
            make_message(callback_host=f"slow{n}.example:80")
            bench.turn()
    one = Notifier(worker="one")
    for _ in range(10):
        one.claim(60 - one.in_hand)
    assert one.in_hand < 60
    make_message(callback_host="good.example:80")
    bench.turn()
    one._survey_again_at = 0.0
    claimed = [Callback.objects.get(id=r.key).host for r in one.claim(60 - one.in_hand)]
    assert "good.example:80" in claimed
