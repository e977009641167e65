"""Two carriers over TCP, and messages that one of them does not take."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from sms import circuit, routing, sweep
from sms.errors import ErrorCode
from sms.lifecycle import CircuitState, LinkState, Status
from sms.models import Event, Health, Link, Message, Route, Slot
from sms.sweep import failover
from sms.timeline import timeline
from sms.transports.smpp.codec import Pdu, SubmitSm
from sms.worker.link_pump import LinkPump
from tests.fakes.smsc import FakeSmsc, accept, refuse_with, say_nothing
from tests.sms.conftest import Bench, MakeMessage

pytestmark = [pytest.mark.sockets, pytest.mark.django_db(transaction=True)]

PATIENCE_S = 20.0
SYSTEM_ERROR, BIND_FAILED, QUEUE_FULL, THROTTLED = 0x08, 0x0D, 0x14, 0x58


def until(what: str, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


class Pair:
    """Carriers `first` and `second`, of one route each, and their workers."""

    def __init__(self, first: FakeSmsc, second: FakeSmsc) -> None:
        self.first, self.second = first, second
        self.pumps: list[LinkPump] = []
        common: dict[str, Any] = {"host": "127.0.0.1", "response_timeout_s": 1}
        self.links = [
            Link.objects.create(name=name, port=smsc.port, circuit_open_s=600, **common)
            for name, smsc in (("first", first), ("second", second))
        ]
        for priority, link in enumerate(self.links, start=1):
            Route.objects.create(prefix="", link=link, priority=priority)

    def start(self, *names: str) -> None:
        for name in names:
            self.pumps.append(pump := LinkPump(name))
            pump.start()
        until("the binds", lambda: self.up() >= set(names) - self.refusing())
        routing.forget()

    def refusing(self) -> set[str]:
        return {"first"} if self.first.bind_status else set()

    def up(self) -> set[str]:
        return set(Slot.objects.filter(state=LinkState.UP).values_list("link__name", flat=True))

    def wake(self) -> None:
        routing.forget()
        for pump in self.pumps:
            pump.wake()

    def sweep(self) -> int:
        sweep.measure()
        moved = sweep.move_waiting()
        self.wake()
        return moved

    def counts(self) -> tuple[int, int]:
        return len(self.first.submits), len(self.second.submits)


@pytest.fixture
def pair(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(failover, "GRACE", timedelta(0))
    monkeypatch.setattr(circuit, "LOOK_S", 0.1)
    with FakeSmsc() as first, FakeSmsc() as second:
        pair = Pair(first, second)
        yield pair
        for pump in pair.pumps:
            pump.stop(PATIENCE_S)


@pytest.fixture
def link(pair: Pair) -> Link:
    return pair.links[0]


def has_ended(message: Message) -> bool:
    message.refresh_from_db()
    return message.status in (Status.SENT, Status.FAILED)


def told(message: Message) -> str:
    return "\n".join(f"{entry.what} [{entry.raw}]" for entry in timeline(message))


def test_what_waits_for_a_carrier_that_is_down_goes_to_the_next(
    pair: Pair, make_message: MakeMessage
) -> None:
    pair.start("second")
    message = make_message()
    assert pair.sweep() == 1
    until("its end", lambda: has_ended(message))
    assert message.status == Status.SENT and pair.counts() == (0, 1)
    moved = "first: not connected -> second by any number, priority 2"
    assert f"moved to another link [{moved}]" in told(message)


def test_what_a_carrier_refuses_to_bind_for_goes_to_the_next(
    pair: Pair, make_message: MakeMessage
) -> None:
    pair.first.bind_status = BIND_FAILED
    pair.start("first", "second")
    message = make_message()
    until("the refusal", lambda: Slot.objects.filter(state=LinkState.REFUSED).exists())
    pair.sweep()
    until("its end", lambda: has_ended(message))
    assert message.status == Status.SENT and pair.counts() == (0, 1)


@pytest.mark.parametrize("status", [THROTTLED, SYSTEM_ERROR, QUEUE_FULL])
def test_what_a_carrier_does_not_take_now_goes_to_the_next_at_once(
    pair: Pair, make_message: MakeMessage, status: int
) -> None:
    pair.first.on_submit = refuse_with(status)
    pair.start("first", "second")
    message = make_message(body="x" * 300)
    pair.wake()
    until("its end", lambda: has_ended(message))
    assert message.status == Status.SENT and pair.counts() == (2, 2)
    assert [event.kind for event in message.events.all()] == [Event.Kind.REROUTED]
    assert f"(0x{status:08X})" in message.events.get().raw
    assert {segment.link for segment in message.segments.all()} == {pair.links[1]}


def test_each_carrier_is_tried_once_and_then_the_message_waits(
    pair: Pair, make_message: MakeMessage
) -> None:
    pair.first.on_submit = pair.second.on_submit = refuse_with(SYSTEM_ERROR)
    pair.start("first", "second")
    message = make_message()
    pair.wake()
    until("the end of the round", lambda: Message.objects.filter(refusals=1).exists())
    message.refresh_from_db()
    assert pair.counts() == (1, 1) and message.link == pair.links[0]
    assert message.due_at and message.due_at > timezone.now() + timedelta(seconds=20)
    assert (message.status, message.tried_links) == (Status.QUEUED, "")
    pair.first.on_submit = accept
    Message.objects.update(due_at=Now())
    pair.wake()
    until("its end", lambda: has_ended(message))
    assert message.status == Status.SENT and pair.counts() == (2, 1)


def test_a_refusal_for_good_is_tried_nowhere_else(pair: Pair, make_message: MakeMessage) -> None:
    pair.first.on_submit = refuse_with(0x0B)
    pair.start("first", "second")
    message = make_message()
    pair.wake()
    until("its end", lambda: has_ended(message))
    assert message.error == ErrorCode.UNKNOWN_HANDSET and pair.counts() == (1, 0)


def test_what_a_carrier_never_answers_goes_to_no_other(
    pair: Pair, make_message: MakeMessage
) -> None:
    pair.first.on_submit = say_nothing
    pair.start("first", "second")
    message = make_message()
    pair.wake()
    until("the submit", lambda: len(pair.first.submits) == 1)
    assert pair.sweep() == 0
    until("its end", lambda: has_ended(message))
    assert message.error == ErrorCode.NO_RESPONSE
    assert pair.sweep() == 0 and pair.counts() == (1, 0)


def test_what_is_sent_again_after_silence_stays_with_its_carrier(
    pair: Pair, make_message: MakeMessage
) -> None:
    Link.objects.update(on_unanswered="resend")
    answers: list[Callable[[SubmitSm], Pdu | None]] = [say_nothing, refuse_with(SYSTEM_ERROR)]
    pair.first.on_submit = lambda pdu: answers.pop(0)(pdu)
    pair.start("first", "second")
    message = make_message()
    pair.wake()
    until("the refusal", lambda: Message.objects.filter(refusals=1).exists())
    message.refresh_from_db()
    assert message.is_pinned and message.link == pair.links[0]
    Message.objects.update(due_at=Now() - timedelta(seconds=1))
    pair.first.go_away()
    until("the line's end", lambda: "first" not in pair.up())
    assert pair.sweep() == 0 and pair.counts() == (2, 0)


def test_a_message_of_which_a_part_was_taken_stays(pair: Pair, make_message: MakeMessage) -> None:
    tries: list[int] = []

    def take_the_first(pdu: SubmitSm) -> Pdu | None:
        tries.append(pdu.sequence_number)
        return accept(pdu) if len(tries) == 1 else refuse_with(SYSTEM_ERROR)(pdu)

    pair.first.on_submit = take_the_first
    pair.start("first", "second")
    message = make_message(body="x" * 300)
    pair.wake()
    until("the refusal", lambda: Message.objects.filter(refusals=1).exists())
    Message.objects.update(due_at=Now() - timedelta(seconds=1))
    Link.objects.filter(name="first").update(enabled=False)
    assert pair.sweep() == 0
    message.refresh_from_db()
    assert message.link == pair.links[0] and pair.counts()[1] == 0


def test_what_a_killed_worker_had_submitted_goes_to_no_other(
    pair: Pair, make_message: MakeMessage
) -> None:
    pair.start("second")
    out, waiting = make_message(), make_message()
    dead = Bench(pair.links[0], "dead", answer=lambda _: None)
    dead.transport.free = 1
    dead.turn()
    Message.objects.filter(locked_by="dead").update(locked_until=Now() - timedelta(seconds=1))
    assert pair.sweep() == 1  # what it had not claimed
    sweep.recover_leases()
    assert pair.sweep() == 0
    until("both ends", lambda: has_ended(out) and has_ended(waiting))
    assert (out.error, waiting.status) == (ErrorCode.NO_RESPONSE, Status.SENT)
    assert pair.counts() == (0, 1)


def test_a_circuit_opens_passes_traffic_on_and_closes_by_itself(
    pair: Pair, make_message: MakeMessage
) -> None:
    Link.objects.update(circuit_errors=3, circuit_probes=2)
    pair.first.on_submit = refuse_with(SYSTEM_ERROR)
    pair.start("first", "second")
    messages = [make_message() for _ in range(3)]
    pair.wake()
    until("the ends", lambda: all(map(has_ended, messages)))
    health = Health.objects.get(link__name="first")
    assert health.circuit == CircuitState.OPEN and "errors in a row" in health.reason
    Health.objects.update(retry_at=Now() + timedelta(minutes=1))
    late = make_message()
    assert pair.sweep() == 1  # its worker leaves it alone
    until("its end", lambda: has_ended(late))
    assert len(pair.first.submits) == 3 and "its circuit is open" in told(late)
    pair.first.on_submit = accept
    Health.objects.update(retry_at=Now() - timedelta(seconds=1))
    probes = [make_message() for _ in range(4)]
    pair.wake()
    until("the ends", lambda: all(map(has_ended, probes)))
    health.refresh_from_db()
    assert health.circuit == CircuitState.CLOSED
    assert pair.counts() == (7, 4)


def test_what_waited_too_long_for_a_slow_carrier_goes_to_the_next(
    pair: Pair, make_message: MakeMessage
) -> None:
    pair.first.on_submit = say_nothing
    Link.objects.update(window_size=1, response_timeout_s=60)
    pair.start("first", "second")
    make_message()
    pair.wake()
    until("the submit", lambda: len(pair.first.submits) == 1)
    with transaction.atomic():  # its worker would claim them, and see nothing of them until then
        long, short = make_message(due_at=timezone.now() - timedelta(seconds=90)), make_message()
        Message.objects.exclude(id=long.id).filter(locked_until__isnull=True).update(due_at=Now())
        sweep.measure()
        assert Health.objects.get(link__name="first").is_slow
        assert sweep.move_waiting() == 1
    pair.wake()
    until("its end", lambda: has_ended(long))
    short.refresh_from_db()
    assert long.status == Status.SENT and short.link == pair.links[0]
    pair.first.on_submit = accept
    pair.first.answer(pair.first.submits[0], accept(pair.first.submits[0]))  # type: ignore[arg-type]


def test_a_long_backlog_moves_whole_and_once(pair: Pair, make_message: MakeMessage) -> None:
    make_message()
    template = Message.objects.get()
    fields = [f.attname for f in Message._meta.concrete_fields if f.attname not in ("id", "sid")]
    Message.objects.bulk_create(
        Message(**{name: getattr(template, name) for name in fields}) for _ in range(1099)
    )
    pair.start("second")
    moved = [pair.sweep() for _ in range(4)]
    assert moved == [500, 500, 100, 0]
    until("all ends", lambda: not Message.objects.exclude(status=Status.SENT).exists())
    assert pair.counts() == (0, 1100)
    assert Event.objects.filter(kind=Event.Kind.REROUTED).count() == 1100
