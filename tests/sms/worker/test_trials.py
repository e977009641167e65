"""Connections that an operator has tried: over real sockets, by the worker that keeps house."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from sms import trials
from sms.models import ConnectionTest, Link, Slot
from sms.transports.smpp.codec import CommandStatus
from sms.worker.trials import Trials, try_to_connect
from tests.fakes.certificates import Authority
from tests.fakes.ports import free_port
from tests.fakes.smsc import FakeSmsc

State = ConnectionTest.State

sockets = pytest.mark.sockets


def carrier(port: int, **columns: Any) -> Link:
    values = {"name": "carrier", "host": "127.0.0.1", "port": port, "system_id": "me"}
    return Link(**values | columns)


@pytest.fixture
def smsc() -> Iterator[FakeSmsc]:
    with FakeSmsc() as smsc:
        yield smsc


@sockets
def test_a_bind_that_is_taken_is_made_with_the_values_given_and_left_at_once(
    smsc: FakeSmsc,
) -> None:
    link = carrier(smsc.port, password="secret", address_range="^4915")
    assert try_to_connect(link) == (State.CONNECTED, "bound to the peer")
    smsc.wait("the end", lambda: smsc.endings)
    (bind,) = smsc.binds
    assert (bind.system_id, bind.password, bind.address_range) == ("me", "secret", "^4915")


@sockets
@pytest.mark.parametrize(
    ("status", "result", "words"),
    [
        (CommandStatus.INVALID_PASSWORD, State.REFUSED, "ESME_RINVPASWD (0x0000000E): the pass"),
        (CommandStatus.INVALID_SYSTEM_ID, State.REFUSED, "ESME_RINVSYSID (0x0000000F): it does"),
        (CommandStatus.ALREADY_BOUND, State.FAILED, "ESME_RALYBND (0x00000005): it counts an"),
    ],
)
def test_a_refusal_is_told_in_the_peers_words_and_ours(
    smsc: FakeSmsc, status: int, result: str, words: str
) -> None:
    smsc.bind_status = status
    told, answer = try_to_connect(carrier(smsc.port))
    assert told == result and words in answer and "next try" not in answer
    assert len(smsc.binds) == 1  # it is not tried again


@sockets
def test_a_pair_is_connected_when_both_are(smsc: FakeSmsc) -> None:
    assert try_to_connect(carrier(smsc.port, bind_mode="pair"))[0] == State.CONNECTED
    assert len(smsc.binds) == 2
    smsc.bind_statuses["bind_receiver"] = CommandStatus.BIND_FAILED
    told, words = try_to_connect(carrier(smsc.port, bind_mode="pair"))
    assert told == State.REFUSED and words.startswith("receiver: bind refused")


@sockets
def test_nobody_who_listens_and_one_that_says_nothing() -> None:
    nobody = try_to_connect(carrier(free_port()))
    assert nobody == (State.FAILED, "cannot connect: Connection refused")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        link = carrier(silent.getsockname()[1])
        assert try_to_connect(link, within_s=0.2) == (State.FAILED, "no answer in time")


@sockets
def test_a_certificate_that_nobody_signed_is_told() -> None:
    with FakeSmsc(tls=Authority().server_context("127.0.0.1")) as smsc:
        told, words = try_to_connect(carrier(smsc.port, tls=True))
    assert told == State.FAILED and "unable to get local issuer certificate" in words


@sockets
@pytest.mark.django_db(transaction=True)
def test_a_worker_takes_the_order_and_writes_down_the_answer_but_no_secret(smsc: FakeSmsc) -> None:
    link = carrier(smsc.port, password="secret")
    link.save()
    link.system_id = "unsaved"
    test = trials.ask(link, by="staff", is_unsaved=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT settings FROM sms_connectiontest")
        assert "secret" not in cursor.fetchone()[0]
    worker = Trials("one")
    assert (worker.start(), worker.start()) == (1, 0)
    worker.join()
    test.refresh_from_db()
    assert (test.state, test.words, test.settings) == ("connected", "bound to the peer", "")
    assert test.host == socket.gethostname() and test.took_ms is not None and test.is_over
    assert smsc.binds[0].system_id == "unsaved"
    assert not Slot.objects.exists()  # the link has no worker, nor needs one


@pytest.mark.django_db
def test_a_test_that_its_worker_left_is_over(link: Link) -> None:
    test = trials.ask(link, by="staff")
    ConnectionTest.objects.update(
        state=State.RUNNING, taken_until=timezone.now() - timedelta(seconds=1)
    )
    assert Trials("two").start() == 0
    test.refresh_from_db()
    assert (test.state, test.settings) == ("failed", "") and "went away" in test.words


@pytest.mark.django_db
def test_an_order_that_nobody_takes_says_so_and_old_ones_are_forgotten(link: Link) -> None:
    long_ago = timezone.now() - timedelta(seconds=11)
    trials.ask(link, by="staff")
    ConnectionTest.objects.update(asked_at=long_ago)
    assert ConnectionTest.objects.get().is_overdue
    ConnectionTest.objects.update(asked_at=long_ago - trials.KEEP)
    assert not trials.ask(link, by="staff").is_overdue
    assert ConnectionTest.objects.count() == 1
