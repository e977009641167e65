"""The whole platform while things break. The tests run in this order, on one instance.

The storm comes first; while its leases run out, the others go on beside it.
"""

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from django.conf import settings

from tests.e2e.conftest import new_instance
from tests.e2e.platform import Platform, is_running, until
from tests.fakes.family import children

pytestmark = pytest.mark.sockets

MESSAGES = 300
CONNECTIONS = 16
LEASE_S = 30


class Storm:
    """Messages at many connections while the line breaks twice and the worker dies once."""

    def __init__(self, platform: Platform) -> None:
        self.sids: list[str] = []
        self.errors: list[Exception] = []
        self._platform = platform
        self._numbers = iter(range(MESSAGES))
        platform.carrier.turn(latency_ms=30)
        tasks = [*(self._post for _ in range(CONNECTIONS)), self._break]
        self._threads = [threading.Thread(target=self._guard, args=(task,)) for task in tasks]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until everything is posted and everything has broken."""
        for thread in self._threads:
            thread.join(60)
        assert self.errors == []
        self._platform.carrier.turn(latency_ms=0)

    def _guard(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception as error:
            self.errors.append(error)

    def _post(self) -> None:
        connection = self._platform.customer.connect()
        while (number := next(self._numbers, None)) is not None:
            sid = self._platform.customer.post(f"1555{number:07}", f"Storm {number}", connection)
            self.sids.append(sid)

    def _break(self) -> None:
        for _ in range(2):
            self._wait_submits(40)
            self._platform.carrier.drop()
        self._wait_submits(40)
        pid = self._platform.pid("link.storm")
        assert pid
        os.kill(pid, signal.SIGKILL)

    def _wait_submits(self, more: int) -> None:
        count = self._platform.carrier.stats()["submits"] + more
        until("submits", lambda: self._platform.carrier.stats()["submits"] >= count)


@pytest.fixture(scope="module")
def the_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with new_instance(tmp_path_factory.mktemp("platform") / "data") as instance:
        with closing(Platform(instance)) as platform:
            yield platform


@pytest.fixture
def platform(the_platform: Platform) -> Platform:
    """The platform, serving: a test may have ended it."""
    if the_platform.served is None:
        the_platform.start()
    until("the bind", lambda: the_platform.carrier.stats()["binds"])
    return the_platform


@pytest.fixture(scope="module")
def storm(the_platform: Platform) -> Storm:
    until("the bind", lambda: the_platform.carrier.stats()["binds"])
    storm = Storm(the_platform)
    storm.wait()
    return storm


def test_everything_is_accepted_while_the_line_breaks_and_the_worker_dies(storm: Storm) -> None:
    assert len(set(storm.sids)) == MESSAGES


@pytest.mark.skipif(not settings.EMBEDDED_BROKER, reason="the broker is not ours to kill")
def test_delivery_goes_on_without_the_broker(platform: Platform) -> None:
    pid = platform.pid("broker")
    assert pid
    os.kill(pid, signal.SIGKILL)
    sid = platform.customer.post("15552000001", "Nobody wakes anybody")
    platform.customer.wait_final(sid, timeout_s=10)
    assert platform.customer.get(sid)["status"] == "delivered"
    until("another broker", lambda: platform.pid("broker") not in (None, pid))


def test_a_link_is_added_disabled_and_enabled_while_everything_runs(platform: Platform) -> None:
    platform.add_link("second", prefix="44")
    until("its worker", lambda: platform.pid("link.second"))
    until("its bind", lambda: platform.carrier.stats()["binds"] == 2)
    before = platform.pid("link.storm")
    # The web processes keep the table of routes for a few seconds.
    until("its route", lambda: "over second" in _sent_to(platform, "447700900000"), 20)
    platform.enable("second", False)
    until("its farewell", lambda: platform.carrier.stats()["binds"] == 1)
    until("its worker's end", lambda: platform.pid("link.second") is None)
    platform.enable("second", True)
    until("its return", lambda: platform.carrier.stats()["binds"] == 2)
    assert platform.pid("link.storm") == before  # nobody else was disturbed


def test_a_web_worker_dies_and_the_others_hold_the_port(platform: Platform) -> None:
    web = platform.pid("web")
    assert web
    victim, *others = children(web)
    assert others
    os.kill(victim, signal.SIGKILL)
    until("its end", lambda: victim not in children(web))
    for number in range(50):  # each over a connection of its own
        platform.customer.post(f"1555300{number:04}", f"One is gone, {number}")
    until("another worker", lambda: len({*children(web)} - {victim, *others}) == 1)
    assert platform.pid("web") == web and {*others} <= {*children(web)}


_asked = itertools.count(1)


def _sent_to(platform: Platform, recipient: str) -> str:
    # Never the same text twice: to the carrier that would be one message sent twice.
    sid = platform.customer.post(recipient, f"Which way? {next(_asked)}")
    platform.customer.wait_final(sid)
    return platform.timeline(sid)


def test_nothing_of_the_storm_is_lost_or_sent_twice(platform: Platform, storm: Storm) -> None:
    customer = platform.customer
    customer.wait_final(*storm.sids, timeout_s=LEASE_S + 30)
    assert platform.carrier.stats()["duplicates"] == 0
    told = customer.callbacks()
    assert {tuple(told[sid]) for sid in storm.sids} == {("sent", "delivered"), ("failed",)}
    unanswered = [sid for sid in storm.sids if told[sid] == ["failed"]]
    # A window for each of the two lines; for the worker also what it held ahead of its window.
    assert len(unanswered) <= 100
    with_api = customer.connect()
    messages = {sid: customer.get(sid, with_api) for sid in storm.sids}
    for sid, message in messages.items():
        assert message["status"] == told[sid][-1]
    assert {messages[sid]["error_code"] for sid in unanswered} == {30090}
    assert "no answer came: the peer may have it" in platform.timeline(unanswered[0])


def test_what_is_in_flight_at_the_end_arrives_after_the_next_start(platform: Platform) -> None:
    platform.carrier.turn(latency_ms=800)
    seen = platform.carrier.stats()["submits"]
    sids = [platform.customer.post(f"1556{n:07}", f"In flight {n}") for n in range(40)]
    until("the first submits", lambda: platform.carrier.stats()["submits"] > seen)
    assert platform.served
    platform.served.send(signal.SIGTERM)
    assert platform.served.ended() == 0
    assert platform.instance.pids() == {}
    platform.carrier.turn(latency_ms=0)
    platform.start()
    platform.customer.wait_final(*sids)
    told = platform.customer.callbacks()
    assert {tuple(told[sid]) for sid in sids} == {("sent", "delivered")}
    assert platform.carrier.stats()["duplicates"] == 0


def test_children_end_when_the_supervisor_is_killed(platform: Platform) -> None:
    pids = platform.instance.pids()
    assert {"web", "notify", "housekeeping", "link.storm"} <= set(pids)
    assert platform.served
    platform.served.send(signal.SIGKILL)
    platform.served.ended()
    platform.served = None
    until("their end", lambda: not any(map(is_running, pids.values())), 40)
