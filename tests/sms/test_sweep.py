from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Account, Client, PhoneNumber
from sms import routing, slots, sweep
from sms.errors import ErrorCode
from sms.lifecycle import LinkState, SegmentState, Status
from sms.models import Callback, Event, Health, Link, Message, Route, Segment
from sms.outbox import Room, claim_callbacks
from sms.sweep.leases import resend, submitting
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db

PAST = timedelta(seconds=-1)


def lose_leases() -> None:
    Message.objects.filter(locked_until__isnull=False).update(locked_until=timezone.now() + PAST)


def test_a_message_that_never_left_goes_back_to_the_queue(
    link: Link, make_message: MakeMessage
) -> None:
    make_message()
    dead = Bench(link, "dead")
    dead.transport.free = 1
    dead.dispatcher._claim(1)  # and the worker dies before it marks
    lose_leases()
    assert sweep.recover_leases() == 1
    alive = Bench(link, "alive")
    alive.turn()
    assert len(alive.transport.sent) == 1
    assert Message.objects.get().status == Status.SENT


def test_a_message_that_may_be_out_fails_with_30090(link: Link, make_message: MakeMessage) -> None:
    message = make_message()
    Bench(link, "dead", answer=lambda _: None).turn()
    lose_leases()
    sweep.recover_leases()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.NO_RESPONSE)
    assert message.segments.get().state == SegmentState.UNANSWERED
    assert message.events.get().kind == Event.Kind.UNANSWERED
    assert message.callbacks.get().status == Status.FAILED


def test_a_message_that_may_be_out_is_resent_where_the_link_says_so(
    link: Link, make_message: MakeMessage
) -> None:
    Link.objects.update(on_unanswered=Link.OnUnanswered.RESEND)
    make_message()
    Bench(link, "dead", answer=lambda _: None).turn()
    lose_leases()
    sweep.recover_leases()
    alive = Bench(link, "alive")
    alive.turn()
    assert len(alive.transport.sent) == 1
    assert Message.objects.get().status == Status.SENT


def test_accepted_parts_are_not_sent_again_after_a_crash(
    link: Link, make_message: MakeMessage
) -> None:
    Link.objects.update(on_unanswered=Link.OnUnanswered.RESEND)
    from tests.fakes.loopback import accept

    make_message(body="x" * 400)
    Bench(link, "dead", answer=lambda o: accept(o) if o.part == 1 else None).turn()
    lose_leases()
    sweep.recover_leases()
    alive = Bench(link, "alive")
    alive.turn()
    assert [o.part for o in alive.transport.sent] == [2, 3]


def test_a_live_lease_is_left_alone(link: Link, make_message: MakeMessage) -> None:
    make_message()
    Bench(link, "alive", answer=lambda _: None).turn()
    assert sweep.recover_leases() == 0


def test_a_host_whose_clock_is_ahead_leaves_live_leases_alone(
    link: Link, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_message()
    Bench(link, answer=lambda _: None).turn()
    ahead = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: ahead)
    assert sweep.recover_leases() == 0


def test_an_answer_recorded_during_the_sweep_is_not_sent_again(
    link: Link, make_message: MakeMessage
) -> None:
    Link.objects.update(on_unanswered=Link.OnUnanswered.RESEND)
    message = make_message()
    Bench(link, answer=lambda _: None).turn()
    seen = submitting([message])
    Segment.objects.update(state=SegmentState.ACCEPTED)
    resend([message], seen)
    assert Segment.objects.get().state == SegmentState.ACCEPTED


def test_a_message_whose_validity_ended_in_the_queue_fails(
    make_message: MakeMessage,
) -> None:
    late = make_message(expires_at=timezone.now() + PAST)
    throttled = make_message(
        expires_at=timezone.now() + PAST,
        due_at=timezone.now() + timedelta(hours=1),
        retry_code=ErrorCode.QUEUE_OVERFLOW,
    )
    fresh = make_message()
    assert sweep.expire() == 2
    for message in late, throttled, fresh:
        message.refresh_from_db()
    assert (late.status, late.error) == (Status.FAILED, ErrorCode.UNREACHABLE_CARRIER)
    assert throttled.error == ErrorCode.QUEUE_OVERFLOW
    assert fresh.status == Status.SENDING


def test_messages_of_a_link_that_is_down_say_queued(link: Link, make_message: MakeMessage) -> None:
    message = make_message(due_at=timezone.now() - timedelta(seconds=5))
    slot = slots.take(link_id=link.id, owner="one", binds=1)
    assert slot
    slots.tell(slot, owner="one", state=LinkState.UP, detail="")
    sweep.hold()
    message.refresh_from_db()
    assert message.status == Status.SENDING
    slots.tell(slot, owner="one", state=LinkState.DOWN, detail="")
    sweep.hold()
    message.refresh_from_db()
    assert message.status == Status.QUEUED
    assert message.due_at is not None


def test_a_message_without_a_route_gets_one_that_came_later(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message(link=None)
    Route.objects.create(prefix="1321", link=link)
    sweep.settle_unrouted()
    message.refresh_from_db()
    assert (message.link, message.status) == (link, Status.SENDING)


def test_a_message_without_any_route_fails_with_30006(make_message: MakeMessage) -> None:
    message = make_message(link=None)
    sweep.settle_unrouted()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.UNREACHABLE_CARRIER)
    assert message.events.get().kind == Event.Kind.NO_ROUTE
    assert message.callbacks.get().status == Status.FAILED


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("client:alice", ErrorCode.UNREACHABLE_HANDSET),
        ("client:ALICE", ErrorCode.UNREACHABLE_HANDSET),
        ("client:nobody", ErrorCode.UNKNOWN_HANDSET),
        ("client:stranger", ErrorCode.UNKNOWN_HANDSET),
    ],
)
def test_a_client_without_an_edge_cannot_be_reached(
    make_message: MakeMessage, client_alice: Client, recipient: str, code: ErrorCode
) -> None:
    Client.objects.create(
        account=Account.objects.create(friendly_name="Other"), login="stranger", password="x"
    )
    message = make_message(recipient=recipient, link=None, callback_url="", encoding="")
    sweep.settle_unrouted()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, code)
    assert not Callback.objects.exists()


def test_callbacks_of_a_dead_worker_are_posted_again(
    bench: Bench, make_message: MakeMessage
) -> None:
    make_message()
    bench.turn()

    def claims(worker: str) -> int:
        return len(claim_callbacks(worker=worker, rooms=[Room("", 10)], share=10, lease_s=60))

    assert claims("dead") == 1
    assert claims("alive") == 0
    Callback.objects.update(locked_until=timezone.now() + PAST)
    sweep.release_dead_callbacks()
    assert claims("alive") == 1


def post(api: Browser, account: Account, body: str = "Hi") -> Message:
    form = {"From": "19876543212", "To": "13216549878", "Body": body}
    url = f"/api/2012-04-24/Accounts/{account.sid}/SMS/Messages.json"
    answer = api.post(url, urlencode(form), content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["status"]) == (200, "sending")
    return Message.objects.get(sid=answer.json()["sid"])


def ended(message: Message) -> tuple[str, ErrorCode | None, list[str]]:
    sweep.settle_unrouted()
    message.refresh_from_db()
    return message.status, message.error, [event.kind for event in message.events.all()]


def test_a_message_that_costs_too_much_is_accepted_and_fails_with_30010(
    api: Browser, account: Account, number: PhoneNumber, link: Link
) -> None:
    Route.objects.create(prefix="", link=link, price_per_segment=Decimal("0.05"))
    Account.objects.update(max_price=Decimal("0.09"))
    cheap, dear = post(api, account), post(api, account, "x" * 161)
    assert cheap.link == link
    wanted = (Status.FAILED, ErrorCode.PRICE_EXCEEDED, [Event.Kind.TOO_EXPENSIVE])
    assert ended(dear) == wanted


def test_a_full_queue_fails_what_finds_no_other_with_30001(
    api: Browser,
    account: Account,
    number: PhoneNumber,
    link: Link,
    make_message: MakeMessage,
) -> None:
    Route.objects.create(prefix="", link=link)
    Link.objects.update(max_queue=3)
    waiting = [make_message() for _ in range(3)]
    sweep.measure()
    assert Health.objects.get().queue_depth == 3
    routing.forget()
    refused = post(api, account)
    wanted = (Status.FAILED, ErrorCode.QUEUE_OVERFLOW, [Event.Kind.OVERFLOW])
    assert ended(refused) == wanted
    spare = Link.objects.create(name="spare", host="127.0.0.1")
    Route.objects.create(prefix="", link=spare, priority=200)
    routing.forget()
    assert post(api, account).link == spare
    Message.objects.filter(id=waiting[0].id).update(link=spare)
    sweep.measure()
    routing.forget()
    assert post(api, account).link == link


def test_what_found_no_room_is_sent_when_there_is_room_meanwhile(
    link: Link, make_message: MakeMessage
) -> None:
    Route.objects.create(prefix="", link=link)
    message = make_message(link=None)
    assert ended(message) == (Status.SENDING, None, [Event.Kind.ROUTED])
    assert message.link == link and message.routed_by.startswith("carrier by any number")


def test_what_has_no_link_is_settled_with_few_queries(
    link: Link, make_message: MakeMessage, django_assert_max_num_queries: Any
) -> None:
    Route.objects.create(prefix="1", link=link)
    for n in range(60):
        make_message(link=None, recipient=("1555", "4955", "client:bob")[n % 3] + f"{n:04}")
    with django_assert_max_num_queries(25):
        sweep.settle_unrouted()
    assert Message.objects.filter(status=Status.FAILED).count() == 40


def test_a_code_of_a_newer_version_holds_up_no_sweep(make_message: MakeMessage) -> None:
    message = make_message(retry_code=39999, expires_at=timezone.now() + PAST)
    assert sweep.expire() == 1
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.UNKNOWN)
