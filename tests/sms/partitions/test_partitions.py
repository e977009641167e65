"""From plain tables to months and back, and the queue across the turn of a month."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from sms import copies, outbox, partitions
from sms.copies import AlreadyResent, Copy
from sms.lifecycle import SegmentState, Status
from sms.models import Callback, Event, Link, Message, Segment
from sms.outbox import Mark, Move, SegmentWrite
from tests.sms.conftest import MakeMessage
from tests.sms.partitions.conftest import is_of, turn

Schema = dict[str, list[tuple[object, ...]]]

_ASKED = {
    "columns": """
        SELECT table_name, column_name, ordinal_position, column_default, is_nullable,
            is_identity, data_type, collation_name
        FROM information_schema.columns WHERE table_schema = 'public'
    """,
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "sequences": "SELECT sequencename, increment_by FROM pg_sequences",
}


def schema() -> Schema:
    with connection.cursor() as cursor:
        found = {}
        for what, question in _ASKED.items():
            cursor.execute(question)
            found[what] = sorted(cursor.fetchall(), key=str)
        return found


def settle() -> None:
    """Check what is checked at the end of a transaction: no table is altered before."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_there_and_back_leaves_what_migrations_had_made(
    plain: None, make_message: MakeMessage, link: Link
) -> None:
    message, before = make_message(), schema()
    Event.objects.create(message=message, kind="deferred")
    settle()
    partitions.to_months(timezone.now())
    assert partitions.is_partitioned()
    later = make_message(resent_from=message)
    settle()
    partitions.to_plain()
    assert not partitions.is_partitioned()
    assert schema() == before
    assert list(Message.objects.order_by("id")) == [message, later]
    assert make_message().id > later.id
    assert Event.objects.get().message == message


def test_what_was_there_stays_and_what_comes_goes_to_its_month(
    plain: None, make_message: MakeMessage
) -> None:
    now, first = timezone.now(), make_message()
    settle()
    partitions.to_months(now)
    assert is_of(make_message().id, now)
    before, *coming = partitions.parts(partitions.MESSAGES)
    assert before.first_id <= first.id < before.end_id
    assert len(coming) == 2


def test_messages_of_two_months_go_one_way(
    by_month: datetime, make_message: MakeMessage, link: Link
) -> None:
    old = make_message()
    next_month = turn(by_month)
    new = make_message()
    assert is_of(old.id, by_month)
    assert is_of(new.id, next_month)

    claimed = outbox.claim(link_id=link.id, worker="w", limit=9, lease_s=30)
    assert [message.id for message in claimed] == [old.id, new.id]
    marks = [Mark(message.id, 1) for message in claimed]
    marked = outbox.mark(marks, worker="w")
    assert len(marked) == 2
    assert outbox.mark(marks, worker="w") == []
    accepted = [SegmentWrite(m.id, SegmentState.SUBMITTING, SegmentState.ACCEPTED) for m in marked]
    moves = [Move(message.id, Status.SENT) for message in claimed]
    recorded = outbox.record(segments=accepted, moves=moves, worker="w")
    assert (len(recorded.segments), len(recorded.messages), recorded.callbacks) == (2, 2, 2)

    room = outbox.Room(Callback.objects.values_list("host", flat=True)[0], 9)
    due = outbox.claim_callbacks(worker="n", rooms=[room], share=9, lease_s=30)
    assert [callback.message_id for callback in due] == [old.id, new.id]
    posted = [outbox.Posted(callback.id, "delivered", "200") for callback in due]
    assert len(outbox.record_callbacks(posted, worker="n")) == 2


def test_a_segment_of_last_month_is_marked_again_in_this(
    by_month: datetime, make_message: MakeMessage, link: Link
) -> None:
    message = make_message()
    outbox.claim(link_id=link.id, worker="w", limit=9, lease_s=30)
    [first] = outbox.mark([Mark(message.id, 1)], worker="w")
    Segment.objects.update(state=SegmentState.DEFERRED)
    turn(by_month)
    assert outbox.mark([Mark(message.id, 1)], worker="w") == [first]


def test_a_message_has_one_copy_in_all_months(
    by_month: datetime, make_message: MakeMessage
) -> None:
    message = make_message(due_at=None, status=Status.FAILED)
    copies.insert(_draft(message), Copy(message, "ann"))
    turn(by_month)
    with pytest.raises(AlreadyResent):
        copies.insert(_draft(message), Copy(message, "bob"))
    assert Message.objects.filter(resent_from=message).count() == 1


def _draft(message: Message) -> Message:
    return outbox.make(
        account_id=message.account_id,
        direction=message.direction,
        sender=message.sender,
        sender_key=message.sender_key,
        recipient=message.recipient,
        recipient_key=message.recipient_key,
        body=message.body,
        date_created=message.date_created,
        date_updated=message.date_updated,
    )


def test_a_sid_is_there_once_a_month(by_month: datetime, make_message: MakeMessage) -> None:
    message = make_message()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_message(sid=message.sid)


def test_parts_that_are_there_already_are_left_alone(plain: None) -> None:
    now = timezone.now()
    partitions.to_months(now)
    partitions.to_plain()
    # Ids of this month are given by now: the plain table holds it as well.
    partitions.to_months(now + timedelta(minutes=1))
    partitions.make_month(partitions.month_of(now))
    assert turn(now)


def test_a_second_try_goes_on_where_the_first_was_given_up(
    plain: None, make_message: MakeMessage
) -> None:
    now = timezone.now()
    for _ in range(2):
        settle()
        partitions.to_months(now)
        assert is_of(make_message().id, now)
    for _ in range(2):
        settle()
        partitions.to_plain()
        make_message()
