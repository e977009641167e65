"""What a kind of callback may do: read the answer, write with its attempt, go elsewhere."""

from collections.abc import Sequence

import pytest

from sms.models import Callback, Event, Message
from sms.notify import Fields, Kind, Notifier, Verdict, by_status, done, elsewhere
from sms.outbox import ClaimedCallback
from sms.webhook.sender import Answer
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db


def fields(callbacks: Sequence[ClaimedCallback]) -> dict[int, Fields]:
    sids = dict(Message.objects.values_list("id", "sid"))
    return {c.id: (("SmsSid", sids[c.message_id]), ("SmsStatus", "received")) for c in callbacks}


@pytest.fixture
def message(bench: Bench, make_message: MakeMessage) -> Message:
    """A message that owes its first callback."""
    message = make_message(callback_url="http://one.example/sms?a=b")
    bench.turn()
    return message


def attempt(kind: Kind, answer: Answer) -> Callback:
    notifier = Notifier(worker="one", kinds={1: kind})
    (request,) = notifier.claim(10)
    assert request.fields[0][0] == "SmsSid" and request.body_bytes == kind.body_bytes
    assert answer.key in (0, request.key)
    notifier.take([Answer(request.key, status=answer.status, error=answer.error, body=answer.body)])
    notifier.flush()
    assert notifier.in_hand == 0
    return Callback.objects.get()


def test_a_kind_reads_the_answer_and_writes_with_it(message: Message) -> None:
    def decide(callback: ClaimedCallback, answer: Answer) -> Verdict:
        def note() -> None:
            raw = answer.body.decode()
            Event.objects.create(message_id=callback.message_id, kind="receipt", raw=raw)

        return done(then=note)

    callback = attempt(Kind(fields, decide, body_bytes=65536), Answer(0, 200, body=b"<Response/>"))
    assert callback.state == "delivered"
    assert message.events.get().raw == "<Response/>"


def test_writes_that_fail_leave_nothing_and_the_callback_comes_again(message: Message) -> None:
    def decide(callback: ClaimedCallback, answer: Answer) -> Verdict:
        def half() -> None:
            Event.objects.create(message_id=callback.message_id, kind="receipt")
            raise ValueError("a fault of ours")

        return done(then=half)

    callback = attempt(Kind(fields, decide), Answer(0, status=200))
    assert callback.state == "pending" and callback.attempts == 1
    assert not message.events.exists()


def test_writes_are_left_out_where_another_worker_has_the_callback_now(message: Message) -> None:
    def decide(callback: ClaimedCallback, answer: Answer) -> Verdict:
        Callback.objects.update(locked_by="another")

        def note() -> None:
            Event.objects.create(message_id=callback.message_id, kind="receipt")

        return done(then=note)

    callback = attempt(Kind(fields, decide), Answer(0, status=200))
    assert callback.state == "pending" and callback.locked_by == "another"
    assert not message.events.exists()


def test_a_kind_may_go_on_at_another_url_at_once(message: Message) -> None:
    def decide(callback: ClaimedCallback, answer: Answer) -> Verdict:
        if callback.url.startswith("http://one.example/"):
            return elsewhere("https://two.example/fallback", "GET")
        return by_status(callback, answer)

    kind = Kind(fields, decide)
    callback = attempt(kind, Answer(0, status=500, error="answered 500"))
    assert (callback.url, callback.method) == ("https://two.example/fallback", "GET")
    assert (callback.host, callback.attempts) == ("two.example:443", 0)
    notifier = Notifier(worker="one", kinds={1: kind})
    (request,) = notifier.claim(10)
    assert (request.url, request.method) == ("https://two.example/fallback", "GET")
    assert dict(request.headers)["webhook-id"] == f"{message.sid}-1"


def test_a_judge_that_fails_costs_a_retry_and_no_other_callback(message: Message) -> None:
    def decide(callback: ClaimedCallback, answer: Answer) -> Verdict:
        raise ValueError("a fault of ours")

    callback = attempt(Kind(fields, decide), Answer(0, status=200))
    assert callback.state == "pending" and callback.attempts == 1
