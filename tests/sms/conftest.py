"""A link, messages on it, and a worker whose transport is a loopback."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Account
from accounts.numbers import key
from sms import text
from sms.dispatch import Dispatcher
from sms.lifecycle import Direction, LinkState
from sms.models import Link, Message
from sms.worker.inbox import Inbox
from tests.fakes.loopback import Answer, Loopback

MakeMessage = Callable[..., Message]


@pytest.fixture
def link(db: None) -> Link:
    return Link.objects.create(name="carrier", host="127.0.0.1")


@pytest.fixture
def make_message(account: Account, link: Link) -> MakeMessage:
    """Store a message as submit would."""

    def make(**fields: Any) -> Message:
        recipient = fields.setdefault("recipient", "13216549878")
        body = fields.setdefault("body", "Hello")
        values: dict[str, Any] = {
            "account": account,
            "link": link,
            "direction": Direction.OUTBOUND_API,
            "sender": "19876543212",
            "sender_key": "19876543212",
            "recipient_key": key(recipient),
            "encoding": text.choose(body),
            "num_segments": len(text.segments(body)),
            "callback_url": "http://127.0.0.1:1/",
            "callback_method": "POST",
        }
        return Message.objects.create(**{**values, **fields})

    return make


def at_once(*tasks: Callable[[], None]) -> None:
    """Run tasks in threads, each with a connection of its own, all from one moment on."""
    barrier = threading.Barrier(len(tasks))
    errors: list[BaseException] = []

    def run(task: Callable[[], None]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            task()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def connected(link: Link) -> Link:
    """Give a link a worker whose connection is up."""
    until = timezone.now() + timedelta(minutes=5)
    link.slots.update_or_create(
        number=1, defaults={"state": LinkState.UP, "owner": "worker", "owned_until": until}
    )
    return link


class Bench:
    """One dispatcher with a loopback transport, turned by hand."""

    def __init__(self, link: Link, worker: str = "one", answer: Answer | None = None) -> None:
        self.inbox = Inbox(lambda: None)
        self.transport = Loopback(self.inbox, answer)
        self.dispatcher = Dispatcher(
            link_id=link.id,
            on_unanswered=link.on_unanswered,
            worker=worker,
            transport=self.transport,
        )

    def turn(self) -> None:
        self.dispatcher.fill()
        self.record()

    def record(self) -> None:
        self.dispatcher.take(self.inbox.take(1000).outcomes)
        self.dispatcher.flush()


@pytest.fixture
def bench(link: Link) -> Bench:
    return Bench(link)
