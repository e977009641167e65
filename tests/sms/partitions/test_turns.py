"""Months that come, and months that are over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.errors import DeadlockDetected, LockNotAvailable

from accounts.models import Account
from sms import partitions
from sms.lifecycle import Status
from sms.models import Callback, Event, Hook, IdempotencyKey, Link, Message, OptOut, Segment
from sms.partitions.catalog import detached
from sms.sweep import TASKS, months
from sms.sweep.retention import prune_messages
from tests.sms.conftest import MakeMessage
from tests.sms.partitions.conftest import is_of, turn

DONE = {"due_at": None, "status": Status.DELIVERED}


@pytest.fixture(autouse=True)
def days(settings: LazySettings) -> None:
    settings.RETAIN_MESSAGES_DAYS = 30


def test_ids_turn_when_the_month_has_come_and_not_before(
    by_month: datetime, make_message: MakeMessage
) -> None:
    months.look(by_month)
    assert is_of(make_message().id, by_month)
    later = turn(by_month)
    first = make_message().id
    assert is_of(first, later)
    turn(by_month)  # another worker, late
    assert make_message().id == first + 1


def test_the_month_after_is_always_there(by_month: datetime) -> None:
    for _ in range(3):
        by_month = turn(by_month)
        last = partitions.parts(partitions.MESSAGES)[-1]
        assert last.first_id == partitions.first_id(
            partitions.following(partitions.month_of(by_month))
        )


def test_messages_go_on_while_nobody_turns(by_month: datetime, make_message: MakeMessage) -> None:
    make_message()
    much_later = by_month + timedelta(days=150)
    before = make_message()
    months.look(much_later)
    assert is_of(before.id, by_month)
    assert is_of(make_message().id, much_later)


def test_ids_do_not_turn_to_a_month_without_parts(
    by_month: datetime, make_message: MakeMessage
) -> None:
    assert not partitions.turn_to(partitions.month_of(by_month + timedelta(days=100)))
    assert is_of(make_message().id, by_month)


def test_the_part_that_ids_go_to_stays_though_it_is_empty(
    by_month: datetime, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker has the turn just now, and has not done it yet."""
    monkeypatch.setattr(partitions, "turn_to", lambda month: False)
    pass_days(by_month, 200)
    assert is_of(make_message().id, by_month)


def test_a_month_goes_with_all_that_belongs_to_it(
    by_month: datetime, make_message: MakeMessage, link: Link, account: Account
) -> None:
    message = make_message(**DONE)
    Event.objects.create(message=message, kind="deferred")
    Segment.objects.create(
        message=message, number=1, link=link, state="delivered", submitted_at=by_month
    )
    Callback.objects.create(
        message=message, account=account, event=1, status="sent", state="delivered"
    )
    Hook.objects.create(message=message, url="http://127.0.0.1/", method="POST")
    IdempotencyKey.objects.create(message=message, account=account, key="k", fingerprint="")
    stop = OptOut.objects.create(account=account, number="1", person="2", message=message)
    later = turn(by_month)
    copy = make_message(resent_from=message, date_created=later, **DONE)
    kept = Hook.objects.create(message=copy, url="http://127.0.0.1/", method="POST", reply=message)

    pass_days(later, 28)
    assert Message.objects.count() == 2
    pass_days(later, 30)
    assert Message.objects.get() == copy
    assert Message.objects.get().resent_from is None
    assert Hook.objects.get() == kept
    assert Hook.objects.get().reply is None
    assert not detached({table.name for table in partitions.TABLES})
    for model in (Event, Segment, Callback, IdempotencyKey):
        assert not model._default_manager.exists()
    stop.refresh_from_db()
    assert stop.message is None


def pass_days(since: datetime, days: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    months.look(since + timedelta(days=days))


def waits(message: Message) -> None:
    Message.objects.filter(id=message.id).update(status=Status.QUEUED, due_at=timezone.now())


def is_claimed(message: Message) -> None:
    waits(message)
    Message.objects.filter(id=message.id).update(locked_by="w", locked_until=timezone.now())


def is_to_be_told(message: Message) -> None:
    Callback.objects.create(message=message, account=message.account, event=1, status="sent")


def is_being_told(message: Message) -> None:
    is_to_be_told(message)
    Callback.objects.update(locked_by="n", locked_until=timezone.now())


@pytest.mark.parametrize("unfinished", [waits, is_claimed, is_to_be_told, is_being_told])
def test_a_month_with_anything_unfinished_stays(
    unfinished: Callable[[Message], None], by_month: datetime, make_message: MakeMessage
) -> None:
    message = make_message(**DONE)
    make_message(**DONE)
    unfinished(message)
    pass_days(by_month, 100)
    assert Message.objects.count() == 2
    finish: dict[str, Any] = {"locked_by": "", "locked_until": None}
    Message.objects.update(**DONE, **finish)
    Callback.objects.update(state="failed", **finish)
    pass_days(by_month, 100)
    assert not Message.objects.exists()


def test_what_was_there_before_goes_in_batches_and_its_part_at_last(
    plain: None, make_message: MakeMessage
) -> None:
    now = timezone.now()
    for days in (50, 40, 1):
        make_message(date_created=now - timedelta(days=days), **DONE)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    partitions.to_months(now)
    month = {
        make_message(date_created=now - timedelta(days=40), **DONE),
        make_message(date_created=now + timedelta(minutes=1), **DONE),
    }
    prune_messages()
    assert Message.objects.count() == 3
    months.look(now)
    assert partitions.parts(partitions.MESSAGES)[0].first_id == 0
    pass_days(now, 30)
    assert partitions.parts(partitions.MESSAGES)[0].first_id > 0
    prune_messages()
    assert set(Message.objects.all()) == month  # they go together, when the month does


def test_by_default_every_month_is_kept(
    by_month: datetime, make_message: MakeMessage, settings: LazySettings
) -> None:
    settings.RETAIN_MESSAGES_DAYS = 0
    make_message(**DONE)
    pass_days(by_month, 5000)
    assert Message.objects.exists()


def test_plain_tables_are_left_plain(plain: None) -> None:
    months.look(timezone.now())
    assert not partitions.is_partitioned()


@pytest.mark.parametrize("busy", [LockNotAvailable, DeadlockDetected])
def test_tables_that_are_busy_are_left_for_the_next_look(
    busy: type[Exception], db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(now: datetime) -> None:
        raise OperationalError from busy()

    monkeypatch.setattr(partitions, "is_partitioned", lambda: True)
    monkeypatch.setattr(months, "_make", give_up)
    months.look(timezone.now())
    monkeypatch.setattr(months, "_BUSY", ())
    with pytest.raises(OperationalError):
        months.look(timezone.now())


def test_the_sweep_does_it() -> None:
    assert months.keep_months in TASKS
