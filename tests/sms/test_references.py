"""By what handsets join the parts of long messages; worker/test_references.py has the wire."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.sids import new_message_sid
from sms import outbox, sweep
from sms.errors import ErrorCode
from sms.models import Concatenation, Link, Message
from sms.models.concatenation import KEPT_FOR
from sms.sweep import references
from sms.transports.base import Accepted, Outbound, Split, TransportError
from tests.fakes.loopback import accept
from tests.sms.conftest import Bench, MakeMessage, at_once

pytestmark = pytest.mark.django_db

LONG = "x" * 200
LOST = TransportError(ErrorCode.UNREACHABLE_CARRIER, permanent=False, raw="line lost")
RECIPIENT = "13216549878"


def make_many(make_message: MakeMessage, count: int, **fields: Any) -> list[Message]:
    """Store many of the same message in one statement, 255 others being between any two."""
    one = make_message(**fields)
    values = {f.attname: getattr(one, f.attname) for f in Message._meta.concrete_fields}
    rows = [
        Message(**{**values, "id": one.id + 256 * n, "sid": new_message_sid()})
        for n in range(1, count)
    ]
    return [one, *Message.objects.bulk_create(rows)]


def in_order(taken: Sequence[int]) -> list[int]:
    """Sort references from the first on, round the end of their range."""
    gone = [n for n in taken if (n - 1) % 0x10000 not in set(taken)]
    assert len(gone) == 1, "they do not follow one another"
    return sorted(taken, key=lambda n: (n - gone[0]) % 0x10000)


def asked_of_counters(work: Callable[[], None]) -> int:
    """Count the statements that a piece of work puts to the counters."""
    with CaptureQueriesContext(connection) as queries:
        work()
    return sum("sms_concatenation" in query["sql"] for query in queries)


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_two_links_repeat_no_reference_within_256(
    link: Link, make_message: MakeMessage
) -> None:
    other = Link.objects.create(name="other", host="127.0.0.1")
    make_many(make_message, 400, body=LONG)
    make_many(make_message, 200, body=LONG, link=other)
    benches = [Bench(link, "one"), Bench(link, "two"), Bench(other, "three")]

    def work(bench: Bench) -> None:
        bench.transport.free = 30
        while bench.dispatcher.fill() or bench.dispatcher.held:
            bench.record()

    at_once(*(lambda bench=bench: work(bench) for bench in benches))
    sent = [outbound for bench in benches for outbound in bench.transport.sent]
    assert len(sent) == 1200
    assert len({(o.sid, o.reference) for o in sent}) == 600  # both parts have the same
    taken = in_order([o.reference for o in sent if o.part == 1])
    for n in range(600 - 255):
        assert len({reference % 0x100 for reference in taken[n : n + 256]}) == 256


@pytest.mark.django_db(transaction=True)
def test_workers_with_the_same_recipients_do_not_block_one_another() -> None:
    recipients = [f"1321654{n:04}" for n in range(300)]
    nobodys = range(10**9, 10**9 + len(recipients))  # they count, and are not written

    def count(worker: str, keys: list[str]) -> None:
        for _ in range(15):
            assert outbox.refer(dict(zip(nobodys, keys, strict=True)), worker=worker) == {}

    at_once(lambda: count("one", recipients), lambda: count("two", recipients[::-1]))
    assert list(Concatenation.objects.values_list("used", flat=True).distinct()) == [30]


def test_a_missing_part_goes_out_with_the_same_reference_from_another_worker(
    link: Link, make_message: MakeMessage
) -> None:
    Link.objects.update(on_unanswered=Link.OnUnanswered.RESEND)
    message = make_message(body=LONG)
    dead = Bench(link, "dead", answer=lambda o: accept(o) if o.part == 1 else None)
    dead.turn()
    make_message(body=LONG)
    Bench(link, "between").turn()
    Message.objects.filter(locked_until__isnull=False).update(
        locked_until=timezone.now() - timedelta(seconds=1)
    )
    sweep.recover_leases()
    alive = Bench(link, "alive")
    alive.turn()
    assert [o.part for o in alive.transport.sent] == [2]
    message.refresh_from_db()
    assert {o.reference for o in dead.transport.sent + alive.transport.sent} == {message.reference}


def test_every_try_of_a_deferred_part_has_the_same_reference(
    link: Link, make_message: MakeMessage
) -> None:
    tries: list[Outbound] = []

    def answer(outbound: Outbound) -> Accepted | TransportError:
        tries.append(outbound)
        return accept(outbound) if outbound.part == 1 or len(tries) == 4 else LOST

    make_message(body=LONG)
    bench = Bench(link, answer=answer)
    for _ in range(3):
        bench.turn()
    assert [o.part for o in tries] == [1, 2, 2, 2]
    assert len({o.reference for o in tries}) == 1
    assert Concatenation.objects.get().used == 1


def test_parts_that_are_cut_anew_have_another_reference(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message(body=LONG)
    before = Bench(link, answer=lambda _: LOST)
    before.turn()
    after = Bench(link)
    three = (LONG[:100], LONG[100:150], LONG[150:])
    after.transport.split = lambda body, encoding: Split(encoding, three)  # type: ignore[method-assign]
    after.turn()
    message.refresh_from_db()
    [old], [new] = ({o.reference for o in b.transport.sent} for b in (before, after))
    assert new == message.reference == (old + 1) % 0x10000


def test_a_claim_asks_once_for_all_its_long_messages(
    bench: Bench, make_message: MakeMessage
) -> None:
    for n in range(20):
        make_message(body=LONG, recipient=f"1321654{n % 7:04}")
        make_message()
    assert asked_of_counters(bench.turn) == 1
    assert Concatenation.objects.count() == 7
    assert Message.objects.filter(reference=None).count() == 20


def test_messages_of_one_part_ask_no_counter(bench: Bench, make_message: MakeMessage) -> None:
    for body in "short", LONG:  # the second as by message_payload, or to a client
        make_message(body=body)
    bench.transport.split = lambda body, encoding: Split(encoding, (body,))  # type: ignore[method-assign]
    assert asked_of_counters(bench.turn) == 0
    assert len(bench.transport.sent) == 2


def test_each_recipient_has_a_counter_that_begins_anywhere(
    bench: Bench, make_message: MakeMessage
) -> None:
    for n in range(8):
        make_message(body=LONG, recipient=f"1321654{n:04}")
    make_message(body=LONG, recipient="+1 (321) 654-0000")  # another way to write the first
    bench.turn()
    assert len(set(Concatenation.objects.values_list("start", flat=True))) > 1
    assert [c.used for c in Concatenation.objects.order_by("recipient_key")] == [2] + [1] * 7


def test_references_go_round(bench: Bench, make_message: MakeMessage) -> None:
    today = timezone.now().date()
    Concatenation.objects.create(recipient_key=RECIPIENT, start=3, used=0xFFFB, used_on=today)
    for _ in range(3):
        make_message(body=LONG)
    bench.turn()
    assert [o.reference for o in bench.transport.sent if o.part == 1] == [0xFFFF, 0, 1]
    Concatenation.objects.update(start=0, used=0xFFFF)
    make_message(body=LONG)
    bench.turn()
    assert Concatenation.objects.get().used == 0


def test_a_message_that_another_worker_has_gets_no_reference(make_message: MakeMessage) -> None:
    ours, theirs = make_message(locked_by="one"), make_message(locked_by="two")
    given = outbox.refer({ours.id: RECIPIENT, theirs.id: RECIPIENT}, worker="one")
    assert list(given) == [ours.id]
    theirs.refresh_from_db()
    assert theirs.reference is None


def test_counters_that_were_not_used_for_days_are_removed_in_batches(
    bench: Bench, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "BATCH", 2)
    for n in range(4):
        make_message(body=LONG, recipient=f"1321654{n:04}")
    bench.turn()
    today = timezone.now().date()
    assert Concatenation.objects.filter(used_on=today).count() == 4
    Concatenation.objects.update(used_on=today - KEPT_FOR)
    assert references.forget_references() == 0
    Concatenation.objects.exclude(recipient_key="13216540000").update(
        used_on=today - KEPT_FOR - timedelta(days=1)
    )
    assert [references.forget_references() for _ in range(3)] == [2, 1, 0]
    assert Concatenation.objects.get().recipient_key == "13216540000"
    assert references.forget_references in sweep.TASKS
