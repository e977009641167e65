from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.models import Account
from sms import receive
from sms.dispatch.opened import TELL_TRIES
from sms.errors import ErrorCode
from sms.lifecycle import SegmentState, Status
from sms.models import Callback, Event, Link, Message, Segment
from sms.text import Encoding
from sms.transports.base import (
    Accepted,
    Fault,
    LateAnswer,
    Outbound,
    Outcome,
    OutcomeUnknown,
    Receipt,
    Split,
    TransportError,
)
from tests.fakes.loopback import Answer, accept
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db

REFUSED = TransportError(ErrorCode.UNKNOWN_HANDSET, permanent=True, raw="ESME_RINVDSTADR")
BUSY = TransportError(
    ErrorCode.QUEUE_OVERFLOW, permanent=False, raw="ESME_RMSGQFUL", retry_in_s=30, max_tries=3
)
SILENCE = OutcomeUnknown("no answer within 10 s")
LOST = TransportError(ErrorCode.UNREACHABLE_CARRIER, permanent=False, raw="line lost")
THREE_PARTS = "x" * 400


def test_an_accepted_message_is_sent_and_owes_one_callback(
    bench: Bench, make_message: MakeMessage
) -> None:
    message = make_message()
    bench.turn()
    message.refresh_from_db()
    assert message.status == Status.SENT
    assert message.date_sent is not None and message.due_at is None and message.locked_by == ""
    segment = message.segments.get()
    assert (segment.state, segment.remote_key) == (SegmentState.ACCEPTED, f"{segment.id:X}")
    callback = message.callbacks.get()
    assert (callback.event, callback.status) == (Callback.Event.SENT, Status.SENT)
    assert not message.events.exists()


def test_no_callback_is_owed_without_a_url(bench: Bench, make_message: MakeMessage) -> None:
    make_message(callback_url="")
    bench.turn()
    assert not Callback.objects.exists()


def test_messages_go_out_first_in_first_out(bench: Bench, make_message: MakeMessage) -> None:
    sids = [make_message().sid for _ in range(5)]
    bench.turn()
    assert [outbound.sid for outbound in bench.transport.sent] == sids


def test_the_segment_is_marked_before_it_is_handed_over(
    link: Link, make_message: MakeMessage
) -> None:
    seen: list[str] = []

    def answer(outbound: Outbound) -> Accepted:
        seen.append(Segment.objects.get(id=outbound.key).state)
        return accept(outbound)

    make_message()
    Bench(link, answer=answer).turn()
    assert seen == [SegmentState.SUBMITTING]


def test_two_workers_never_claim_the_same_message(link: Link, make_message: MakeMessage) -> None:
    for _ in range(10):
        make_message()
    one, two = Bench(link, "one"), Bench(link, "two")
    one.transport.free = two.transport.free = 6
    one.dispatcher.fill()
    two.dispatcher.fill()
    sent = [outbound.sid for outbound in one.transport.sent + two.transport.sent]
    assert len(sent) == len(set(sent)) == 10


def test_no_more_is_claimed_than_there_is_room_for(link: Link, make_message: MakeMessage) -> None:
    for _ in range(5):
        make_message()
    bench = Bench(link, answer=lambda _: None)
    bench.transport.free = 2
    bench.turn()
    bench.turn()
    assert len(bench.transport.sent) == 2
    assert Message.objects.filter(locked_until__isnull=True).count() == 3


def test_a_refused_message_fails_with_the_peers_reason(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    Bench(link, answer=lambda _: REFUSED).turn()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.UNKNOWN_HANDSET)
    callback = message.callbacks.get()
    assert (callback.event, callback.status) == (Callback.Event.SENT, Status.FAILED)
    assert callback.error_code == 30005
    assert [(e.kind, e.raw) for e in message.events.all()] == [("refused", "ESME_RINVDSTADR")]


def test_a_busy_peer_is_tried_again_later_and_not_before(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    bench = Bench(link, answer=lambda _: BUSY)
    bench.turn()
    bench.turn()
    message.refresh_from_db()
    assert (message.status, message.error_code) == (Status.QUEUED, None)
    assert message.due_at is not None and message.due_at > timezone.now() + timedelta(seconds=25)
    assert len(bench.transport.sent) == 1
    assert not Callback.objects.exists()


def test_a_busy_peer_is_given_up_after_its_tries(link: Link, make_message: MakeMessage) -> None:
    message = make_message()
    bench = Bench(link, answer=lambda _: BUSY)
    for _ in range(6):
        bench.turn()
        Message.objects.filter(due_at__isnull=False).update(
            due_at=timezone.now() - timedelta(seconds=1)
        )
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.QUEUE_OVERFLOW)
    assert len(bench.transport.sent) == 4  # the first, and three more tries


def refuse_in_turn(*errors: TransportError) -> Answer:
    rest = list(errors)
    return lambda outbound: rest.pop(0)


def again(message: Message) -> float:
    """Say how long a message waits, and make it due."""
    message.refresh_from_db()
    assert message.due_at is not None
    wait_s = (message.due_at - timezone.now()).total_seconds()
    Message.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    return wait_s


def test_each_try_waits_as_long_as_its_step_says(link: Link, make_message: MakeMessage) -> None:
    message = make_message()
    full = TransportError(
        ErrorCode.QUEUE_OVERFLOW, permanent=False, raw="full", retries_s=(30, 60, 180)
    )
    bench = Bench(link, answer=lambda _: full)
    waits = []
    for _ in range(4):
        bench.turn()
        waits.append(again(message))
    assert waits == pytest.approx([30, 60, 180, 180], abs=3)


def test_a_lost_line_and_the_peers_rate_are_not_counted_as_tries(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    lost = TransportError(ErrorCode.UNREACHABLE_CARRIER, permanent=False, raw="line lost")
    bench = Bench(link, answer=refuse_in_turn(*[lost] * 5, BUSY, BUSY, BUSY, BUSY))
    for _ in range(8):
        bench.turn()
        again(message)
    bench.turn()
    message.refresh_from_db()
    assert message.status == Status.FAILED


def test_the_transport_says_how_a_message_is_cut(
    link: Link, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = make_message(body=THREE_PARTS)
    bench = Bench(link)
    whole = Split(Encoding.UCS2, (THREE_PARTS,))
    monkeypatch.setattr(bench.transport, "split", lambda body, encoding: whole)
    bench.turn()
    (outbound,) = bench.transport.sent
    assert (outbound.text, outbound.encoding, outbound.parts) == (THREE_PARTS, Encoding.UCS2, 1)
    message.refresh_from_db()
    assert (message.status, message.num_segments) == (Status.SENT, 3)


def test_parts_of_an_earlier_cut_do_not_hold_a_message_back(
    link: Link, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = make_message(body=THREE_PARTS)
    bench = Bench(link, answer=lambda o: BUSY if o.parts == 3 else accept(o))
    bench.turn()
    again(message)
    whole = Split(Encoding.GSM, (THREE_PARTS,))
    monkeypatch.setattr(bench.transport, "split", lambda body, encoding: whole)
    bench.turn()
    taken = message.segments.get(state=SegmentState.ACCEPTED)
    delivered = Receipt(taken.remote_id, (taken.remote_key,), Status.DELIVERED, None, "DELIVRD")
    receive.receipts([delivered], link_id=link.id)
    message.refresh_from_db()
    assert message.status == Status.DELIVERED


def test_a_queued_message_says_sending_when_it_goes_out(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message(status=Status.QUEUED)
    Bench(link, answer=lambda _: None).turn()
    message.refresh_from_db()
    assert message.status == Status.SENDING


def test_silence_fails_with_30090_and_is_never_sent_again(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    bench = Bench(link, answer=lambda _: SILENCE)
    bench.turn()
    bench.turn()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.NO_RESPONSE)
    assert len(bench.transport.sent) == 1
    assert message.events.get().kind == Event.Kind.UNANSWERED


def test_silence_is_sent_again_where_the_link_says_so(
    link: Link, make_message: MakeMessage
) -> None:
    link.on_unanswered = Link.OnUnanswered.RESEND
    make_message()
    bench = Bench(link, answer=lambda _: SILENCE)
    bench.turn()
    bench.turn()
    assert len(bench.transport.sent) == 2


def test_a_late_answer_changes_nothing_but_the_timeline(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    bench = Bench(link, answer=lambda _: SILENCE)
    bench.turn()
    key = bench.transport.sent[0].key
    bench.dispatcher.note_late([LateAnswer(key, "ESME_ROK", "0AB", "AB")])
    message.refresh_from_db()
    assert message.status == Status.FAILED
    assert [e.kind for e in message.events.all()] == ["unanswered", "late-answer"]
    assert message.segments.get().remote_key == "AB"


def test_a_long_message_is_sent_when_every_part_is_accepted(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message(body=THREE_PARTS)
    bench = Bench(link, answer=lambda outbound: accept(outbound) if outbound.part < 3 else None)
    bench.turn()
    message.refresh_from_db()
    assert message.status == Status.SENDING
    last = bench.transport.sent[-1]
    bench.inbox.outcome(Outcome(last.key, accept(last)))
    bench.record()
    message.refresh_from_db()
    assert message.status == Status.SENT
    assert {o.reference for o in bench.transport.sent} == {message.reference}
    assert [(o.part, o.parts) for o in bench.transport.sent] == [(1, 3), (2, 3), (3, 3)]


def test_only_the_parts_that_were_not_taken_are_sent_again(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message(body=THREE_PARTS)
    tries: list[int] = []

    def answer(outbound: Outbound) -> Accepted | TransportError:
        tries.append(outbound.part)
        again = outbound.part == 2 and tries.count(2) == 1
        lost = TransportError(ErrorCode.UNREACHABLE_CARRIER, permanent=False, raw="line lost")
        return lost if again else accept(outbound)

    bench = Bench(link, answer=answer)
    bench.turn()
    bench.turn()
    message.refresh_from_db()
    assert tries == [1, 2, 3, 2]
    assert message.status == Status.SENT


def test_one_refused_part_fails_the_whole(link: Link, make_message: MakeMessage) -> None:
    message = make_message(body=THREE_PARTS)
    Bench(link, answer=lambda o: REFUSED if o.part == 2 else accept(o)).turn()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.UNKNOWN_HANDSET)


def test_a_suspended_account_sends_nothing(
    bench: Bench, make_message: MakeMessage, account: Account
) -> None:
    message = make_message()
    Account.objects.filter(id=account.id).update(status="suspended")
    bench.turn()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.ACCOUNT_SUSPENDED)
    assert bench.transport.sent == []
    assert message.callbacks.get().status == Status.FAILED


def test_a_message_past_its_validity_is_not_sent(bench: Bench, make_message: MakeMessage) -> None:
    message = make_message(
        expires_at=timezone.now() - timedelta(seconds=1), retry_code=ErrorCode.QUEUE_OVERFLOW
    )
    bench.turn()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.QUEUE_OVERFLOW)
    assert bench.transport.sent == []


def test_a_worker_that_lost_its_lease_records_nothing(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    bench = Bench(link, answer=lambda _: None)
    bench.turn()
    Message.objects.update(locked_by="another")
    sent = bench.transport.sent[0]
    bench.inbox.outcome(Outcome(sent.key, accept(sent)))
    bench.record()
    message.refresh_from_db()
    assert message.status == Status.SENDING
    assert not Callback.objects.exists()


def away(*_: object, **__: object) -> None:
    raise OperationalError("the database is away")


def test_outcomes_wait_in_memory_while_they_cannot_be_written(
    bench: Bench, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = make_message()
    bench.dispatcher.fill()
    with monkeypatch.context() as patched, pytest.raises(OperationalError):
        patched.setattr("sms.outbox.record", away)
        bench.record()
    bench.record()
    message.refresh_from_db()
    assert message.status == Status.SENT


def test_a_second_outcome_of_a_segment_is_dropped(link: Link, make_message: MakeMessage) -> None:
    first, second = make_message(), make_message()
    bench = Bench(link, answer=lambda _: None)
    bench.turn()
    one, two = bench.transport.sent
    for sent in one, one, two:
        bench.inbox.outcome(Outcome(sent.key, accept(sent)))
    bench.record()
    for message in first, second:
        message.refresh_from_db()
        assert message.status == Status.SENT


def test_what_early_receipts_said_is_not_forgotten_with_a_failed_batch(
    link: Link, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = make_message(body=THREE_PARTS)
    bench = Bench(link, answer=lambda outbound: accept(outbound) if outbound.part < 3 else None)
    bench.turn()
    taken = message.segments.get(number=1)
    gone = Receipt(taken.remote_id, (taken.remote_key,), Status.UNDELIVERED, None, "UNDELIV")
    receive.receipts([gone], link_id=link.id)
    last = bench.transport.sent[-1]
    bench.inbox.outcome(Outcome(last.key, accept(last)))
    with monkeypatch.context() as patched, pytest.raises(OperationalError):
        patched.setattr("sms.dispatch.dispatcher.settle", away)
        bench.record()
    bench.record()
    message.refresh_from_db()
    assert message.status == Status.UNDELIVERED


def test_a_message_whose_parts_are_cut_anew_begins_anew(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message(body=THREE_PARTS)
    Bench(link, answer=lambda _: LOST).turn()
    bench = Bench(link)
    bench.transport.split = lambda body, encoding: Split(encoding, (body,))  # type: ignore[method-assign]
    bench.turn()
    message.refresh_from_db()
    assert message.status == Status.SENT
    assert [o.parts for o in bench.transport.sent] == [1]
    assert message.segments.count() == 1


def test_a_message_with_parts_of_two_cuts_fails_and_says_so(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message(body=THREE_PARTS)
    Bench(link, answer=lambda o: accept(o) if o.part == 1 else LOST).turn()
    bench = Bench(link)
    bench.transport.split = lambda body, encoding: Split(encoding, (body,))  # type: ignore[method-assign]
    bench.turn()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, ErrorCode.UNKNOWN)
    assert bench.transport.sent == []
    assert "cuts long texts" in message.events.latest("id").raw


def test_one_message_that_cannot_be_made_ready_fails_alone(
    bench: Bench, make_message: MakeMessage
) -> None:
    broken, sound = make_message(encoding="morse"), make_message()
    bench.turn()
    for message in broken, sound:
        message.refresh_from_db()
    assert (broken.status, broken.error) == (Status.FAILED, ErrorCode.UNKNOWN)
    assert sound.status == Status.SENT
    event = broken.events.get()
    assert event.kind == Event.Kind.BROKEN and "morse" in event.raw
    assert broken.callbacks.get().status == Status.FAILED


def test_a_timeline_tells_a_long_wait_once(link: Link, make_message: MakeMessage) -> None:
    message = make_message(body=THREE_PARTS)
    full = TransportError(
        ErrorCode.QUEUE_OVERFLOW, permanent=False, raw="full", retry_in_s=1, fault=Fault.PACE
    )
    bench = Bench(link, answer=lambda _: full)
    for _ in range(5):
        bench.turn()
        again(message)
    assert len(bench.transport.sent) == 15
    assert [(e.kind, e.raw) for e in message.events.all()] == [(Event.Kind.DEFERRED, "full")]


def test_a_timeline_ends_although_the_reasons_change(link: Link, make_message: MakeMessage) -> None:
    message = make_message()
    words = (f"reason {n}" for n in range(100))
    bench = Bench(
        link,
        answer=lambda _: TransportError(
            ErrorCode.UNKNOWN, permanent=False, raw=next(words), fault=Fault.PACE
        ),
    )
    for _ in range(30):
        bench.turn()
        again(message)
    assert message.events.count() == TELL_TRIES


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (SegmentState.ACCEPTED, Status.SENT),
        (SegmentState.DELIVERED, Status.DELIVERED),
        (SegmentState.UNDELIVERED, Status.UNDELIVERED),
        (SegmentState.UNANSWERED, Status.FAILED),
    ],
)
def test_a_message_all_of_which_is_answered_moves_on_without_being_sent(
    bench: Bench, make_message: MakeMessage, state: SegmentState, status: Status
) -> None:
    """As a worker leaves it that wrote the answer after its lease had gone to another."""
    message = make_message(attempts=1)
    Segment.objects.create(
        message=message,
        number=1,
        link_id=bench.dispatcher.link_id,
        state=state,
        submitted_at=timezone.now(),
    )
    bench.turn()
    message.refresh_from_db()
    assert (message.status, message.due_at, message.locked_by) == (status, None, "")
    assert not bench.transport.sent


def test_words_of_a_peer_that_no_database_takes_hold_up_nothing(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    odd = TransportError(ErrorCode.UNKNOWN, permanent=True, raw="no\x00 \ud83d")
    Bench(link, answer=lambda _: odd).turn()
    message.refresh_from_db()
    assert message.status == Status.FAILED
    assert message.events.get().raw == "no \ufffd"
    assert message.segments.get().answer == "no \ufffd"


def test_a_code_of_a_newer_version_holds_up_no_claim(
    bench: Bench, make_message: MakeMessage
) -> None:
    over = make_message(retry_code=39999, expires_at=timezone.now() - timedelta(seconds=1))
    other = make_message()
    bench.turn()
    over.refresh_from_db()
    other.refresh_from_db()
    assert (over.status, over.error) == (Status.FAILED, ErrorCode.UNKNOWN)
    assert other.status == Status.SENT
