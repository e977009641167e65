"""Group commit: who goes with whom, and what becomes of company that fails."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import Account
from sms import outbox
from sms.lifecycle import Direction
from sms.models import Link, Message
from sms.outbox import acceptance
from sms.outbox.company import MOST, Company
from tests.sms.conftest import at_once


class Store:
    """Keeps each batch; the first one waits until it is told to go on."""

    def __init__(self, *, breaks: str = "") -> None:
        self.batches: list[list[str]] = []
        self.is_busy = threading.Event()
        self.go_on = threading.Event()
        self._breaks = breaks

    def __call__(self, items: Sequence[str]) -> None:
        """Store a batch, or fail where an item is one that breaks."""
        self.batches.append(list(items))
        if len(self.batches) == 1:
            self.is_busy.set()
            assert self.go_on.wait(10)
        if self._breaks in items:
            raise ValueError(self._breaks)


def joined(store: Store, company: Company[str], first: str, *others: str) -> list[Future[bool]]:
    """Have one item stored, others come meanwhile, and wait for all."""
    with ThreadPoolExecutor(len(others) + 1) as threads:
        came = [threads.submit(company.join, first)]
        assert store.is_busy.wait(10)
        came += [threads.submit(company.join, item) for item in others]
        until = time.monotonic() + 10
        while len(company._waiting) < len(others):
            assert time.monotonic() < until
            time.sleep(0.001)
        store.go_on.set()
    return came


def test_what_comes_while_one_is_stored_goes_together() -> None:
    store = Store()
    came = joined(store, Company(store), "first", *"abcde")
    assert [sorted(batch) for batch in store.batches] == [["first"], [*"abcde"]]
    assert all(future.result() for future in came)


def test_no_batch_is_larger_than_a_statement_may_be() -> None:
    store = Store()
    joined(store, Company(store), "first", *map(str, range(MOST + 3)))
    assert [len(batch) for batch in store.batches] == [1, MOST, 3]


def test_failed_company_is_told_of_and_stands_in_nobodys_way() -> None:
    store = Store(breaks="bad")
    company = Company(store)
    came = joined(store, company, "first", "good", "bad")
    assert [future.result() for future in came] == [True, False, False]
    assert company.join("next")
    assert store.batches[-1] == ["next"]


def test_failure_of_one_alone_is_its_own() -> None:
    store = Store(breaks="bad")
    store.go_on.set()
    company = Company(store)
    with pytest.raises(ValueError, match="bad"):
        company.join("bad")
    assert company.join("next")


# --- with the database ----------------------------------------------------------------------


def made(account: Account, link: Link, **named: Any) -> Message:
    now = timezone.now()
    return outbox.make(
        account_id=account.pk,
        link_id=link.id,
        direction=Direction.OUTBOUND_API,
        sender="1",
        recipient="2",
        recipient_key="2",
        num_segments=1,
        date_created=now,
        date_updated=now,
        **{"sender_key": "1", **named},
    )


@pytest.mark.django_db(transaction=True)
def test_messages_of_many_threads_are_stored_each_under_its_own_id(
    account: Account, link: Link
) -> None:
    messages = [[made(account, link) for _ in range(25)] for _ in range(4)]

    def storing(mine: list[Message]) -> None:
        for message in mine:
            outbox.insert(message)

    at_once(*(lambda mine=mine: storing(mine) for mine in messages))
    stored = dict(Message.objects.values_list("sid", "id"))
    assert stored == {message.sid: message.id for mine in messages for message in mine}


@pytest.mark.django_db(transaction=True)
def test_message_that_cannot_be_stored_fails_alone(account: Account, link: Link) -> None:
    good = [made(account, link) for _ in range(40)]
    refused = []

    def bad() -> None:
        for _ in range(20):
            try:
                outbox.insert(made(account, link, sender_key=None))
            except IntegrityError as error:
                refused.append(error)

    def storing(mine: list[Message]) -> None:
        for message in mine:
            outbox.insert(message)

    at_once(bad, lambda: storing(good[:20]), lambda: storing(good[20:]))
    assert len(refused) == 20
    assert set(Message.objects.values_list("sid", flat=True)) == {m.sid for m in good}


@pytest.mark.django_db(transaction=True)
def test_message_that_its_failed_company_had_stored_is_not_stored_twice(
    account: Account, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = made(account, link)

    def stored_and_then_lost(message: Message) -> bool:
        acceptance._insert([made(account, link, sid=message.sid)])
        return False

    monkeypatch.setattr("sms.outbox.acceptance._company.join", stored_and_then_lost)
    outbox.insert(message)
    assert Message.objects.get().id == message.id


@pytest.mark.django_db(transaction=True)
def test_sid_of_another_message_is_refused(account: Account, link: Link) -> None:
    first = made(account, link)
    outbox.insert(first)
    with pytest.raises(IntegrityError):
        outbox.insert(made(account, link, sid=first.sid))
