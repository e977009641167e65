"""The queue's statements themselves; tests/sms/test_dispatch.py has them at work."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from sms import outbox
from sms.errors import ErrorCode
from sms.lifecycle import FINAL, TRANSITIONS, SegmentState, Status
from sms.models import Callback, Event, Link, Message, Segment
from sms.outbox import Deferral, Mark, Move, Posted, Room, SegmentWrite, Transfer, hosts
from sms.outbox.callbacks import LOOK_AHEAD
from tests.sms.conftest import MakeMessage, at_once

pytestmark = pytest.mark.django_db

LEASE_S = 30.0
LATER = timedelta(seconds=LEASE_S)
FULL = 32_767
"""The largest number that a small column holds on PostgreSQL."""
REACHED = (Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED)
"""What a `Move` tells; *queued* and *sending* are written by deferrals and claims."""
FORBIDDEN = [(b, after) for b in Status for after in REACHED if after not in TRANSITIONS[b]]
ALLOWED = [(b, after) for b in Status for after in REACHED if after in TRANSITIONS[b]]


def claim(link: Link, worker: str = "one", limit: int = 100) -> list[int]:
    rows = outbox.claim(link_id=link.id, worker=worker, limit=limit, lease_s=LEASE_S)
    return [row.id for row in rows]


def standing(message: Message, status: Status, **fields: Any) -> Message:
    """Put a message where it would be with this status."""
    due_at = None if status in FINAL or status == Status.SENT else timezone.now()
    values = {"status": status, "due_at": due_at, **fields}
    Message.objects.filter(id=message.id).update(**values)
    message.refresh_from_db()
    return message


# --- claim, renew, release --------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_connections_that_claim_at_once_never_get_the_same_message(
    link: Link, make_message: MakeMessage
) -> None:
    ids = {make_message().id for _ in range(120)}
    claimed: dict[str, list[int]] = {"one": [], "two": [], "three": []}

    def claimer(worker: str) -> Callable[[], None]:
        def task() -> None:
            while batch := claim(link, worker, limit=7):
                claimed[worker] += batch

        return task

    at_once(*(claimer(worker) for worker in claimed))
    everything = [id_ for batch in claimed.values() for id_ in batch]
    assert len(everything) == len(set(everything)) and set(everything) == ids
    for worker, batch in claimed.items():
        assert set(Message.objects.filter(locked_by=worker).values_list("id", flat=True)) == set(
            batch
        )


@pytest.mark.django_db(transaction=True)
def test_connections_that_settle_at_once_owe_one_callback(make_message: MakeMessage) -> None:
    ids = [make_message().id for _ in range(20)]
    won: list[int] = []

    def task() -> None:
        for id_ in ids:
            _, moved, _ = outbox.record(moves=[Move(id_, Status.SENT)])
            won.extend(moved)

    at_once(task, task)
    assert sorted(won) == ids
    assert Callback.objects.count() == len(ids)


def test_a_claim_says_whose_it_is_and_until_when(link: Link, make_message: MakeMessage) -> None:
    message = make_message()
    assert claim(link) == [message.id]
    message.refresh_from_db()
    assert message.locked_by == "one" and message.locked_until is not None
    left = message.locked_until - timezone.now()
    assert LATER - timedelta(seconds=5) < left <= LATER + timedelta(seconds=1)
    assert message.status == Status.SENDING


@pytest.mark.parametrize("before", [Status.QUEUED, Status.SENDING])
def test_a_claim_says_of_what_had_to_wait_that_it_goes_out(
    link: Link, make_message: MakeMessage, before: Status
) -> None:
    message = standing(make_message(), before)
    was_updated_at = message.date_updated
    claim(link)
    message.refresh_from_db()
    assert message.status == Status.SENDING
    assert (message.date_updated > was_updated_at) is (before == Status.QUEUED)


def test_only_what_is_due_on_the_link_is_claimed(link: Link, make_message: MakeMessage) -> None:
    due = make_message()
    make_message(due_at=timezone.now() + timedelta(seconds=60))
    make_message(link=Link.objects.create(name="another", host="127.0.0.1"))
    make_message(link=None)
    standing(make_message(), Status.SENT)
    assert claim(link) == [due.id]
    assert claim(link, "two") == []


def test_renewing_holds_on_to_what_is_named_and_still_ours(
    link: Link, make_message: MakeMessage
) -> None:
    named, lost, _ = (make_message() for _ in range(3))
    claim(link)
    Message.objects.filter(id=lost.id).update(locked_by="two")
    soon = timezone.now() + timedelta(seconds=5)
    Message.objects.update(locked_until=soon)
    assert outbox.renew([named.id, lost.id], worker="one", lease_s=LEASE_S) == 1
    renewed = Message.objects.filter(locked_until__gt=soon + timedelta(seconds=5))
    assert [message.id for message in renewed] == [named.id]
    assert outbox.renew([], worker="one", lease_s=LEASE_S) == 0


def test_releasing_gives_back_what_is_ours_at_once(link: Link, make_message: MakeMessage) -> None:
    ours, theirs = make_message(), make_message()
    assert claim(link, "one", limit=1) == [ours.id]
    assert claim(link, "two", limit=1) == [theirs.id]
    assert outbox.release([ours.id, theirs.id], worker="one") == 1
    ours.refresh_from_db()
    assert (ours.locked_by, ours.locked_until, ours.attempts) == ("", None, 0)
    assert claim(link, "three") == [ours.id]


def test_the_database_knows_no_lease_without_an_owner(make_message: MakeMessage) -> None:
    message = make_message()
    with pytest.raises(IntegrityError):
        Message.objects.filter(id=message.id).update(locked_until=timezone.now())


# --- mark -------------------------------------------------------------------------------


def marked(message: Message, *numbers: int, worker: str = "one") -> list[int]:
    rows = outbox.mark([Mark(message.id, number) for number in numbers], worker=worker)
    return sorted(row.number for row in rows)


def segment(message: Message, number: int = 1) -> Segment:
    return Segment.objects.get(message=message, number=number)


def test_a_mark_writes_the_segments_before_they_leave(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    claim(link)
    assert marked(message, 1, 2) == [1, 2]
    row = segment(message)
    assert (row.state, row.attempts, row.link) == (SegmentState.SUBMITTING, 1, link)
    assert abs(row.submitted_at - timezone.now()) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "lease",
    [
        {"locked_by": "", "locked_until": None},
        {"locked_by": "two"},
        {"locked_until": timezone.now() - timedelta(hours=1)},
    ],
)
def test_without_its_lease_nothing_is_marked(
    link: Link, make_message: MakeMessage, lease: dict[str, Any]
) -> None:
    message = make_message()
    claim(link)
    Message.objects.update(**lease)
    assert marked(message, 1) == []
    assert not Segment.objects.exists()


@pytest.mark.parametrize("state", SegmentState)
def test_only_a_deferred_segment_is_marked_again(
    link: Link, make_message: MakeMessage, state: SegmentState
) -> None:
    message = make_message()
    claim(link)
    marked(message, 1)
    Segment.objects.update(state=state)
    may_leave = state == SegmentState.DEFERRED
    assert marked(message, 1) == ([1] if may_leave else [])
    row = segment(message)
    assert row.attempts == (2 if may_leave else 1)
    assert row.state == (SegmentState.SUBMITTING if may_leave else state)


def test_a_segment_that_goes_out_again_belongs_to_the_link_of_now(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    claim(link)
    marked(message, 1)
    another = Link.objects.create(name="another", host="127.0.0.1")
    Message.objects.update(link=another)
    Segment.objects.update(state=SegmentState.DEFERRED)
    marked(message, 1)
    assert segment(message).link == another


# --- record -----------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), FORBIDDEN)
def test_a_move_that_the_table_does_not_have_changes_nothing(
    make_message: MakeMessage, before: Status, after: Status
) -> None:
    message = standing(make_message(), before)
    _, moved, _ = outbox.record(moves=[Move(message.id, after, ErrorCode.UNKNOWN)])
    assert moved == set()
    again = Message.objects.get(id=message.id)
    assert (again.status, again.error_code, again.due_at) == (before, None, message.due_at)
    assert not Callback.objects.exists()


@pytest.mark.parametrize(("before", "after"), ALLOWED)
def test_a_move_that_the_table_has_is_made(
    make_message: MakeMessage, before: Status, after: Status
) -> None:
    message = standing(make_message(), before)
    _, moved, _ = outbox.record(moves=[Move(message.id, after)])
    assert moved == {message.id}
    message.refresh_from_db()
    assert (message.status, message.locked_until) == (after, None)
    assert (message.date_sent is not None) == (after == Status.SENT)


@pytest.mark.parametrize("before", [Status.SENT, *FINAL])
def test_what_has_left_its_queue_is_not_deferred(make_message: MakeMessage, before: Status) -> None:
    message = standing(make_message(), before)
    _, moved, _ = outbox.record(deferrals=[Deferral(message.id, 60, ErrorCode.QUEUE_OVERFLOW)])
    message.refresh_from_db()
    assert (moved, message.status, message.due_at) == (set(), before, None)


@pytest.mark.parametrize(("delay_s", "status"), [(0.0, Status.SENDING), (60.0, Status.QUEUED)])
def test_a_deferral_waits_and_says_queued_when_it_is_a_while(
    link: Link, make_message: MakeMessage, delay_s: float, status: Status
) -> None:
    message = make_message(retry_code=ErrorCode.UNKNOWN)
    claim(link)
    _, moved, _ = outbox.record(deferrals=[Deferral(message.id, delay_s)], worker="one")
    message.refresh_from_db()
    assert moved == {message.id}
    assert (message.status, message.attempts, message.locked_by) == (status, 1, "")
    assert message.retry_code == ErrorCode.UNKNOWN  # a deferral without a code keeps the last
    assert message.due_at is not None
    wait = message.due_at - timezone.now()
    assert abs(wait - timedelta(seconds=delay_s)) < timedelta(seconds=5)
    assert claim(link) == ([message.id] if not delay_s else [])


def test_tries_are_counted_as_far_as_the_column_goes(link: Link, make_message: MakeMessage) -> None:
    message = make_message(attempts=FULL, refusals=FULL)
    claim(link)
    outbox.record(deferrals=[Deferral(message.id, 1.0, refusals=1)], worker="one")
    message.refresh_from_db()
    assert (message.attempts, message.refusals, message.locked_by) == (FULL, FULL, "")


def test_a_segments_tries_are_counted_as_far_as_the_column_goes(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    claim(link)
    marked(message, 1)
    Segment.objects.update(state=SegmentState.DEFERRED, attempts=FULL)
    assert marked(message, 1) == [1]
    assert segment(message).attempts == FULL


def test_a_segment_changes_only_from_the_state_it_was_thought_to_be_in(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    claim(link)
    marked(message, 1)
    row = segment(message)
    accepted = SegmentWrite(
        row.id, SegmentState.SUBMITTING, SegmentState.ACCEPTED, "0AB", "AB", "accepted"
    )
    assert outbox.record(segments=[accepted])[0] == {row.id}
    refused = SegmentWrite(row.id, SegmentState.SUBMITTING, SegmentState.REFUSED, answer="no")
    assert outbox.record(segments=[refused])[0] == set()
    receipt = SegmentWrite(
        row.id, SegmentState.ACCEPTED, SegmentState.DELIVERED, receipt="stat:DELIVRD"
    )
    outbox.record(segments=[receipt])
    row = segment(message)
    assert (row.state, row.remote_id, row.remote_key) == (SegmentState.DELIVERED, "0AB", "AB")
    assert (row.answer, row.receipt) == ("accepted", "stat:DELIVRD")  # neither wipes the other
    assert row.answered_at and row.receipt_at


def test_a_nul_in_the_peers_words_spoils_no_batch(link: Link, make_message: MakeMessage) -> None:
    message = make_message()
    claim(link)
    marked(message, 1)
    write = SegmentWrite(
        segment(message).id, SegmentState.SUBMITTING, SegmentState.REFUSED, answer="no\x00!"
    )
    outbox.record(segments=[write])
    assert segment(message).answer == "no!"


def test_a_batch_is_recorded_whole_or_not_at_all(link: Link, make_message: MakeMessage) -> None:
    message = make_message()
    claim(link)
    homeless = Event(kind=Event.Kind.REFUSED)  # of no message
    with pytest.raises(IntegrityError), transaction.atomic():
        outbox.record(moves=[Move(message.id, Status.SENT)], events=[homeless])
    message.refresh_from_db()
    assert message.status == Status.SENDING
    assert not Callback.objects.exists()


def test_a_batch_that_was_rolled_back_can_be_recorded_later(make_message: MakeMessage) -> None:
    message = make_message()
    kept = Event(message=message, kind=Event.Kind.DEFERRED)
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.record(events=[kept])
        raise RuntimeError("the disk is full")
    outbox.record(events=[Event(message=message, kind=Event.Kind.EXPIRED)])
    outbox.record(events=[kept])
    assert message.events.count() == 2


def test_different_moves_of_one_batch_each_find_their_message(
    link: Link, make_message: MakeMessage
) -> None:
    sent, failed, strange = (make_message() for _ in range(3))
    claim(link)
    Message.objects.filter(id=strange.id).update(locked_by="two")
    _, moved, _ = outbox.record(
        moves=[
            Move(sent.id, Status.SENT),
            Move(failed.id, Status.FAILED, ErrorCode.UNKNOWN_HANDSET),
            Move(strange.id, Status.SENT),
        ],
        worker="one",
    )
    assert moved == {sent.id, failed.id}
    codes = dict(Message.objects.values_list("id", "error_code"))
    assert codes == {sent.id: None, failed.id: 30005, strange.id: None}


# --- the callbacks a message owes -------------------------------------------------------


def owed(message: Message) -> list[tuple[int, str]]:
    return list(message.callbacks.order_by("event").values_list("event", "status"))


@pytest.mark.parametrize(
    ("moves", "callbacks"),
    [
        ([Status.SENT], [(1, "sent")]),
        ([Status.FAILED], [(1, "failed")]),
        ([Status.SENT, Status.DELIVERED], [(1, "sent"), (2, "delivered")]),
        ([Status.SENT, Status.UNDELIVERED], [(1, "sent"), (2, "undelivered")]),
        ([Status.SENT, Status.FAILED], [(1, "sent"), (2, "failed")]),
        (
            [Status.SENT, Status.SENT, Status.DELIVERED, Status.FAILED],
            [(1, "sent"), (2, "delivered")],
        ),
    ],
)
def test_each_event_is_owed_once(
    make_message: MakeMessage, moves: Sequence[Status], callbacks: list[tuple[int, str]]
) -> None:
    message = make_message()
    for status in moves:
        outbox.record(moves=[Move(message.id, status)])
    assert owed(message) == callbacks


def test_a_callback_that_is_there_already_is_left_as_it_is(make_message: MakeMessage) -> None:
    message = make_message()
    there = Callback.objects.create(
        message=message, account=message.account, event=1, status="sent", url="u", method="POST"
    )
    outbox.record(moves=[Move(message.id, Status.FAILED, ErrorCode.UNKNOWN)])
    assert owed(message) == [(1, "sent")]
    assert Callback.objects.get().id == there.id


# --- the queue of callbacks -------------------------------------------------------------


def posts(worker: str = "one", limit: int = 100, share: int = 100) -> list[tuple[int, int]]:
    """Claim so many of each host that has something due, as a worker does."""
    rooms = [Room(state.host, limit) for state in outbox.survey_hosts() if state.is_due]
    rows = outbox.claim_callbacks(worker=worker, rooms=rooms, share=share, lease_s=LEASE_S)
    outbox.reorder_callbacks([room.host for room in rooms])
    return [(row.message_id, row.event) for row in rows]


def done(state: str = "delivered", delay_s: float | None = None) -> int:
    """Record what became of everything that is claimed."""
    held = Callback.objects.exclude(locked_by="").values_list("id", "attempts")
    posted = [Posted(id_, state, "", delay_s, was_deferred=n > 0) for id_, n in held]
    return len(outbox.record_callbacks(posted, worker="one"))


@pytest.fixture
def delivered(make_message: MakeMessage) -> Message:
    """A message that owes both of its callbacks."""
    message = make_message()
    for status in (Status.SENT, Status.DELIVERED):
        outbox.record(moves=[Move(message.id, status)])
    return message


@pytest.mark.parametrize("state", ["delivered", "failed"])
def test_the_higher_event_is_claimed_when_the_lower_is_over(delivered: Message, state: str) -> None:
    assert posts() == [(delivered.id, 1)]
    assert posts() == []  # the first is under way
    done(state)
    assert posts() == [(delivered.id, 2)]


def test_the_higher_event_waits_while_the_lower_is_to_be_tried_again(delivered: Message) -> None:
    posts()
    done("pending", delay_s=60)
    assert posts() == []
    Callback.objects.filter(event=1).update(due_at=timezone.now() - timedelta(seconds=1))
    assert posts() == [(delivered.id, 1)]
    done()
    assert Callback.objects.get(event=1).attempts == 2
    assert posts() == [(delivered.id, 2)], "it had been put behind the lower, and is due again"


def test_what_waits_for_a_deferred_event_leaves_the_head_of_the_queue(
    delivered: Message, make_message: MakeMessage
) -> None:
    posts()
    done("pending", delay_s=3600)
    assert posts() == []
    assert not Callback.objects.filter(due_at__lte=timezone.now()).exists()
    first, second = Callback.objects.order_by("event")
    assert first.due_at == second.due_at


@pytest.mark.django_db
def test_a_long_queue_is_reordered_at_once_whatever_the_statistics_say(
    make_message: MakeMessage,
) -> None:
    """PostgreSQL plans for a queue that it has not counted, or counted while it was empty."""
    message = make_message()
    Message.objects.bulk_create(
        Message(
            account=message.account,
            direction=message.direction,
            sender=message.sender,
            sender_key=message.sender_key,
            recipient=message.recipient,
            recipient_key=message.recipient_key,
            body="Hello",
        )
        for _ in range(600)
    )
    now = timezone.now()
    Callback.objects.bulk_create(
        Callback(
            message_id=id_,
            account=message.account,
            event=event,
            status="sent",
            url="http://slow.example/",
            method="POST",
            host="slow.example:80",
            due_at=now + timedelta(hours=1 if event == 1 else -1),
        )
        for id_ in Message.objects.values_list("id", flat=True)
        for event in (1, 2)
    )
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL statement_timeout = '3s'")
        assert outbox.reorder_callbacks(["slow.example:80"]) == LOOK_AHEAD
        assert outbox.give_up_callbacks(after_s=-60, limit=1000) == 1000


def test_a_queue_with_its_order_upside_down_still_moves(make_message: MakeMessage) -> None:
    """Rows that wait for others behind them, and more of them than one claim looks at."""
    now = timezone.now()
    messages = [make_message() for _ in range(30)]
    for message in messages:
        for status in (Status.SENT, Status.DELIVERED):
            outbox.record(moves=[Move(message.id, status)])
    Callback.objects.filter(event=1).update(due_at=now - timedelta(seconds=1))
    Callback.objects.filter(event=2).update(due_at=now - timedelta(seconds=60))
    with mock.patch("sms.outbox.callbacks.LOOK_AHEAD", 10):
        seen = [posts(limit=1) for _ in range(5)]
    assert any(seen)


def test_one_message_does_not_hold_up_another(
    delivered: Message, make_message: MakeMessage
) -> None:
    posts()
    other = make_message()
    outbox.record(moves=[Move(other.id, Status.SENT)])
    assert posts() == [(other.id, 1)]


def test_callbacks_are_claimed_in_the_order_they_are_due(make_message: MakeMessage) -> None:
    ids = []
    for age_s in (10, 30, 20):
        message = make_message()
        outbox.record(moves=[Move(message.id, Status.SENT)])
        Callback.objects.filter(message=message).update(
            due_at=timezone.now() - timedelta(seconds=age_s)
        )
        ids.append(message.id)
    order = [posts(limit=1)[0][0] for _ in ids]
    assert order == [ids[1], ids[2], ids[0]]


def test_no_host_gets_more_than_its_share_whichever_workers_ask(
    make_message: MakeMessage,
) -> None:
    for host in ("busy:80", "busy:80", "busy:80", "free:80"):
        outbox.record(moves=[Move(make_message(callback_host=host).id, Status.SENT)])
    assert len(posts("one", share=2)) == 3
    assert posts("two", share=2) == []
    Callback.objects.filter(host="busy:80").exclude(locked_by="").update(
        state="delivered", locked_by="", locked_until=None
    )
    assert len(posts("two", share=2)) == 1


def test_a_survey_goes_from_host_to_host(
    make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "HOSTS_AT_ONCE", 2)
    for host in ("c:80", "a:80", "b:80", "a:80"):
        outbox.record(moves=[Move(make_message(callback_host=host).id, Status.SENT)])
    later = timezone.now() + timedelta(hours=1)
    Callback.objects.filter(host="b:80").update(due_at=later)
    assert [(s.host, s.is_due) for s in outbox.survey_hosts()] == [("a:80", True), ("b:80", False)]
    assert [s.host for s in outbox.survey_hosts(after="b:80")] == ["c:80"]
    assert outbox.survey_hosts(after="c:80") == []


def test_only_the_owner_of_a_callback_records_it(delivered: Message) -> None:
    posts("two")
    assert done() == 0
    assert Callback.objects.get(event=1).state == Callback.State.PENDING


def test_a_callbacks_tries_are_counted_as_far_as_the_column_goes(delivered: Message) -> None:
    Callback.objects.update(attempts=FULL)
    posts()
    done()
    assert Callback.objects.get(event=1).attempts == FULL


def test_a_worker_that_stops_gives_its_callbacks_back_and_no_others(
    make_message: MakeMessage,
) -> None:
    for _ in range(2):
        outbox.record(moves=[Move(make_message().id, Status.SENT)])
    (ours,), (theirs,) = posts("one", 1), posts("two", 1)
    assert outbox.release_callbacks(worker="one") == 1
    assert posts("three") == [ours]
    assert outbox.release_callbacks() == 0  # the leases of the others have not run out
    Callback.objects.filter(message_id=theirs[0]).update(
        locked_until=timezone.now() - timedelta(seconds=1)
    )
    assert outbox.release_callbacks() == 1


@pytest.mark.django_db(transaction=True)
def test_connections_that_claim_callbacks_at_once_never_get_the_same(
    make_message: MakeMessage,
) -> None:
    for _ in range(60):
        message = make_message()
        for status in (Status.SENT, Status.DELIVERED):
            outbox.record(moves=[Move(message.id, status)])
    claimed: list[tuple[int, int]] = []

    def task() -> None:
        while batch := posts(threading.current_thread().name, limit=5):
            claimed.extend(batch)

    at_once(task, task)
    assert len(claimed) == len(set(claimed)) == 60
    assert {event for _, event in claimed} == {1}


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SENDING, Status.RECEIVED])
def test_no_move_leaves_a_message_in_its_queue(status: Status) -> None:
    with pytest.raises(ValueError, match="no way out"):
        Move(1, status)


def test_a_transfer_takes_only_what_nobody_has(link: Link, make_message: MakeMessage) -> None:
    other = Link.objects.create(name="other", host="127.0.0.1")
    free, pinned, claimed, moved = (make_message() for _ in range(4))
    Message.objects.filter(id=pinned.id).update(is_pinned=True)
    Message.objects.filter(id=claimed.id).update(locked_by="one", locked_until=timezone.now())
    Message.objects.filter(id=moved.id).update(link=other)
    parts = {state: make_message() for state in SegmentState}
    for state, message in parts.items():
        message.segments.create(number=1, link=link, state=state, submitted_at=timezone.now())
    everything = [free, pinned, claimed, moved, *parts.values()]
    won = outbox.transfer([Transfer(m.id, link.id, other.id) for m in everything])
    assert won == {free.id, parts[SegmentState.DEFERRED].id}
    assert set(Message.objects.filter(link=other).values_list("id", flat=True)) == won | {moved.id}
