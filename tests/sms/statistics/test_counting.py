"""Counting messages: each once, as it is by now, whoever counts and whatever crashed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms import months, outbox, statistics
from sms.models import Delay, Link, Message, Stretch, Tally
from sms.statistics import counting, stretches
from sms.statistics.delays import BOUNDS_MS
from tests.sms.conftest import MakeMessage
from tests.sms.statistics.conftest import count, finished

pytestmark = pytest.mark.django_db

MINUTE, TEN_MINUTES, HOUR = 60, 600, 3600


def counted(span_s: int) -> dict[tuple[datetime, str], int]:
    return {(row.at, row.status): row.messages for row in Tally.objects.filter(span_s=span_s)}


def test_messages_count_for_the_minute_of_their_acceptance(
    make_message: MakeMessage, hour: datetime
) -> None:
    make_message(date_created=hour, status="sent", due_at=None)
    make_message(date_created=hour + timedelta(seconds=59.9), status="sent", due_at=None)
    make_message(date_created=hour + timedelta(seconds=60), status="failed", due_at=None)
    make_message(date_created=hour + timedelta(minutes=10), status="sent", due_at=None)
    count()
    later = hour + timedelta(minutes=1)
    tenth = hour + timedelta(minutes=10)
    assert counted(MINUTE) == {(hour, "sent"): 2, (later, "failed"): 1, (tenth, "sent"): 1}
    assert counted(TEN_MINUTES) == {(hour, "sent"): 2, (hour, "failed"): 1, (tenth, "sent"): 1}
    assert counted(HOUR) == {(hour, "sent"): 3, (hour, "failed"): 1}


def test_rows_say_direction_link_and_error(
    make_message: MakeMessage, link: Link, hour: datetime
) -> None:
    make_message(date_created=hour, status="failed", error_code=30003, due_at=None)
    make_message(date_created=hour, status="received", direction="inbound", link=None, due_at=None)
    count()
    rows = Tally.objects.filter(span_s=HOUR).values_list("direction", "link", "error_code")
    assert set(rows) == {("outbound-api", link.id, 30003), ("inbound", None, None)}


def test_durations_are_counted_between_bounds(make_message: MakeMessage, hour: datetime) -> None:
    finished(make_message, hour, sent_s=0.1, took_s=3)
    finished(make_message, hour, sent_s=-0.5, took_s=90_000)  # a web host's clock is ahead
    count()
    rows = Delay.objects.filter(span_s=HOUR).values_list("step", "upto_ms", "messages")
    longest = BOUNDS_MS[-1]
    assert set(rows) == {
        ("sent", 100, 1),
        ("sent", 20, 1),
        ("delivered", 5_000, 1),
        ("delivered", longest, 1),
    }


def test_a_message_moves_on_in_the_count_instead_of_being_counted_twice(
    make_message: MakeMessage, hour: datetime
) -> None:
    message = make_message(date_created=hour)
    count()
    assert counted(HOUR) == {(hour, "sending"): 1}
    Message.objects.filter(pk=message.pk).update(status="sent", due_at=None)
    count()
    count()
    assert counted(MINUTE) == counted(HOUR) == {(hour, "sent"): 1}


def test_what_can_change_no_more_is_left_alone(make_message: MakeMessage, hour: datetime) -> None:
    finished(make_message, hour, sent_s=1)
    count()
    Stretch.objects.update(opened_at=hour)  # grows no more
    count()
    assert Stretch.objects.get().due_at is None


def test_what_waits_for_a_receipt_is_looked_at_ever_less_often(
    make_message: MakeMessage, hour: datetime
) -> None:
    make_message(date_created=hour, status="sent", due_at=None)
    count()
    stretch = Stretch.objects.get()
    now = hour + timedelta(hours=5)
    stretch.opened_at = hour
    [group] = outbox.count_messages(stretch.first_id, stretch.last_id, BOUNDS_MS)
    again = counting._next_look(stretch, [group], now)
    assert again == now + timedelta(minutes=30)
    stretch.first_id -= 15_000
    assert counting._next_look(stretch, [group], now) == now + timedelta(hours=5)
    much_later = hour + timedelta(days=8)
    assert counting._next_look(stretch, [group], much_later) is None


def test_messages_that_are_about_to_be_deleted_are_counted_no_more(
    make_message: MakeMessage, hour: datetime, settings: LazySettings
) -> None:
    settings.RETAIN_MESSAGES_DAYS = 1
    make_message(date_created=hour, status="sent", due_at=None)
    count()
    stretch = Stretch.objects.get()
    stretch.opened_at = hour
    assert counting._next_look(stretch, [], hour + timedelta(hours=23)) is None


def test_newer_messages_make_a_stretch_longer_then_begin_another(
    make_message: MakeMessage, hour: datetime
) -> None:
    first = make_message(date_created=hour)
    count()
    second = make_message(date_created=hour)
    count()
    assert (Stretch.objects.get().first_id, Stretch.objects.get().last_id) == (first.id, second.id)
    Stretch.objects.update(opened_at=hour)
    third = make_message(date_created=hour)
    count()
    assert list(Stretch.objects.order_by("id").values_list("first_id", "last_id")) == [
        (first.id, second.id),
        (third.id, third.id),
    ]
    assert counted(HOUR) == {(hour, "sending"): 3}


def test_a_worker_that_was_overtaken_writes_nothing(
    make_message: MakeMessage, hour: datetime
) -> None:
    make_message(date_created=hour)
    now = datetime.now(UTC)
    stretches.open_next(now)
    slow = Stretch.objects.get()
    assert stretches.claim(slow, now, again_at=now)
    groups = outbox.count_messages(slow.first_id, slow.last_id, BOUNDS_MS)
    count()
    assert not counting._write(slow, groups + groups, now)
    assert counted(HOUR) == {(hour, "sending"): 1}


def test_a_worker_that_died_while_it_counted_is_followed_by_another(
    make_message: MakeMessage, hour: datetime
) -> None:
    make_message(date_created=hour)
    now = datetime.now(UTC)
    stretches.open_next(now)
    seen_by_both = Stretch.objects.get()
    assert stretches.claim(Stretch.objects.get(), now, again_at=now)
    assert not stretches.claim(seen_by_both, now, again_at=now)
    count()
    assert counted(HOUR) == {(hour, "sending"): 1}


def test_counting_begins_a_week_back_not_at_the_first_message(make_message: MakeMessage) -> None:
    now = datetime.now(UTC)
    ages = (400, 30, 8, 6, 1)
    ids = [make_message(date_created=now - timedelta(days=days)).id for days in ages]
    Message.objects.filter(id=ids[1]).delete()  # ids have gaps
    count()
    assert Stretch.objects.get().first_id == ids[3]


def test_nothing_is_written_where_nothing_happens(
    make_message: MakeMessage, hour: datetime
) -> None:
    finished(make_message, hour, sent_s=1)
    count()
    Stretch.objects.update(opened_at=hour)
    count()
    with CaptureQueriesContext(connection) as seen:
        statistics.count_messages()
    assert [query["sql"] for query in seen if not query["sql"].startswith("SELECT")] == []


def test_minutes_go_after_days_and_hours_stay(make_message: MakeMessage, hour: datetime) -> None:
    finished(make_message, hour, sent_s=1)
    count()
    old = hour - timedelta(days=10)
    Stretch.objects.update(due_at=None, upto_at=old, opened_at=old)
    Tally.objects.update(at=old)
    Delay.objects.update(at=old)
    finished(make_message, hour, sent_s=1)
    count()
    assert list(counted(MINUTE)) == list(counted(TEN_MINUTES)) == [(hour, "delivered")]
    assert sorted(counted(HOUR)) == [(old, "delivered"), (hour, "delivered")]


def test_a_gap_in_the_ids_is_stepped_over(make_message: MakeMessage, hour: datetime) -> None:
    """Kept by the month, ids leave a gap of thousands of millions at the turn of a month."""
    first = months.first_id(months.month_of(datetime.now(UTC)))
    for id_ in (7, 8, first, first + 5_000_000_000):
        make_message(id=id_, date_created=hour, status="sent", due_at=None)
    for _ in range(6):
        count()
        Stretch.objects.update(opened_at=hour)  # grows no more
    assert counted(HOUR) == {(hour, "sent"): 4}
