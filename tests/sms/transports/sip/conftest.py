"""An edge on ports of its own, around it a platform in memory, before it clients."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sms.lifecycle import LinkState
from sms.transports.sip.edge import SipEdge
from sms.transports.sip.settings import Policy, SipSettings
from sms.transports.sip.transaction import Timers
from tests.fakes.ports import free_port
from tests.fakes.sink import RecordingSink
from tests.fakes.sip_client import Heard, SipClient, TcpWire, UdpWire, Wire, WsWire
from tests.fakes.sip_office import MemoryOffice, subscriber
from tests.sms.transports.contract import segment

QUICK = Policy(
    timers=Timers(t1=0.05, t2=0.2, t4=0.2),
    reopen_s=(0.05,),
)


def settings(**values: Any) -> SipSettings:
    known: dict[str, Any] = {
        "name": "edge",
        "host": "127.0.0.1",
        "port": free_port(),
        "ws_port": free_port(),
        "domain": "127.0.0.1",
        "secret": b"of these tests",
    }
    return SipSettings(**known | values)


class Bench:
    """An edge that listens, and whoever calls."""

    def __init__(self, policy: Policy = QUICK, **values: Any) -> None:
        self.settings = settings(**values)
        self.policy = policy
        self.office = MemoryOffice(subscriber("alice"), subscriber("bob"))
        self.sink = RecordingSink()
        self.clients: list[SipClient] = []
        self.edge = self._start()

    def _start(self) -> SipEdge:
        edge = SipEdge(self.settings, self.sink, self.office, policy=self.policy)
        ups = [state for state, _ in self.sink.states].count(LinkState.UP)
        edge.start()
        self.sink.wait_state(LinkState.UP, times=ups + 1)
        return edge

    def restart(self) -> None:
        """As after a crash: the office remembers, the edge does not."""
        self.edge._sockets.loop.call_soon_threadsafe(self.edge._registrar._places.clear)
        self.edge.stop(drain_s=0)
        self.edge = self._start()

    def wire(self, kind: str, host: str = "127.0.0.1") -> Wire:
        assert self.settings.ws_port
        port, ws_port = self.settings.port, self.settings.ws_port
        makers: dict[str, Callable[[], Wire]] = {
            "UDP": lambda: UdpWire(port, host=host),
            "TCP": lambda: TcpWire(port, host=host),
            "WS": lambda: WsWire(ws_port, host=host),
        }
        return makers[kind]()

    def client(
        self, login: str = "alice", kind: str = "UDP", *, host: str = "127.0.0.1", **values: Any
    ) -> SipClient:
        client = SipClient(self.wire(kind, host), login, **values)
        self.clients.append(client)
        return client

    def registered(self, login: str = "alice", kind: str = "UDP", **values: Any) -> SipClient:
        client = self.client(login, kind, **values)
        assert client.register().status == 200
        return client

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.edge.stop(drain_s=0)


def send(bench: Bench, key: int = 0, login: str = "alice", **fields: object) -> object:
    """Send one message and return its result."""
    count = len(bench.sink.outcomes)
    bench.edge.send([segment(key, recipient=f"client:{login}", **fields)])
    bench.sink.wait_outcomes(count + 1)
    return bench.sink.result_of(key)


def say(bench: Bench, client: SipClient, *words: object, **more: object) -> Heard:
    """Have a client say something; what the platform hears of it is stored."""
    count, answers = len(bench.sink.reports), []
    asking = threading.Thread(target=lambda: answers.append(client.say(*words, **more)))  # type: ignore[arg-type]
    asking.start()
    bench.sink.wait_reports(count + 1)
    bench.edge.answer(bench.sink.reports[-1:], stored=True)
    asking.join()
    return answers[0]


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench() -> Iterator[MakeBench]:
    made: list[Bench] = []

    def make(policy: Policy = QUICK, **values: Any) -> Bench:
        made.append(Bench(policy, **values))
        return made[-1]

    yield make
    for bench in made:
        bench.close()
