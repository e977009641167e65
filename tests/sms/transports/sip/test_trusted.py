"""An edge behind proxies of our own, which check passwords for it."""

from typing import Any

import pytest

from sms.transports.base import Inbound
from sms.transports.sip.edge import SipEdge
from sms.transports.sip.flow import TCP, UDP, WS, Flow
from sms.transports.sip.settings import SipSettings
from tests.fakes.sip_client import SipClient
from tests.sms.transports.contract import segment
from tests.sms.transports.sip.conftest import Bench, MakeBench, settings

ALICE = "P-Asserted-Identity: <sip:alice@127.0.0.1>\r\n"
OURS = ("127.0.0.0/8",)


def say(client: SipClient, headers: str = ALICE) -> int:
    data = client.request("MESSAGE", "sip:bob@127.0.0.1", headers=headers, body=b"Hi")
    return client.exchange(data).status


def acknowledge(bench: Bench) -> None:
    """Store what comes, at once."""
    edge: SipEdge = bench.edge
    heard = bench.sink.report

    def report(item: Any) -> None:
        heard(item)
        edge.answer([item], stored=True)

    bench.edge._server._post._report = report


@pytest.mark.parametrize("kind", ["UDP", "TCP"])
def test_a_proxys_word_stands_for_a_password(make_bench: MakeBench, kind: str) -> None:
    bench = make_bench(trusted=OURS)
    acknowledge(bench)
    proxy = bench.client("alice", kind)
    assert say(proxy) == 202
    (heard,) = bench.sink.reports
    assert isinstance(heard, Inbound)
    assert (heard.login, heard.recipient, heard.text) == ("alice", "bob", "Hi")


def test_a_repetition_of_what_a_proxy_sent_is_answered_and_not_taken_again(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(trusted=OURS)
    acknowledge(bench)
    proxy = bench.client()
    data = proxy.request(
        "MESSAGE", "sip:bob@127.0.0.1", headers=ALICE, body=b"Hi", branch="z9hG4bKx"
    )
    assert proxy.exchange(data).status == 202
    proxy.wire.send(data)
    proxy.wait("the answer again", lambda: len(proxy.answers) == 2)
    assert [answer.status for answer in proxy.answers] == [202, 202]
    assert len(bench.sink.reports) == 1


@pytest.mark.parametrize(("login", "status"), [("nobody", 403), ("", 403)])
def test_a_proxy_cannot_name_whom_we_do_not_know(
    make_bench: MakeBench, login: str, status: int
) -> None:
    bench = make_bench(trusted=OURS)
    proxy = bench.client()
    assert say(proxy, f"P-Asserted-Identity: <sip:{login}@127.0.0.1>\r\n") == status
    assert bench.sink.reports == []


def test_a_proxys_client_may_not_register_as_another(make_bench: MakeBench) -> None:
    bench = make_bench(trusted=OURS)
    proxy = bench.client("bob")
    data = proxy.request(
        "REGISTER",
        "sip:127.0.0.1",
        to="<sip:bob@127.0.0.1>",
        headers=f"Contact: <{proxy.contact}>\r\n{ALICE}",
    )
    assert proxy.exchange(data).status == 403
    assert bench.office.bindings == {}


def test_strangers_are_asked_for_a_password_whatever_they_assert(make_bench: MakeBench) -> None:
    bench = make_bench(trusted=("192.0.2.0/24",))
    assert say(bench.client()) == 401
    assert say(make_bench().client()) == 401


def test_a_proxy_that_names_nobody_is_asked_for_a_password(make_bench: MakeBench) -> None:
    assert say(make_bench(trusted=OURS).client(), "") == 401


def test_a_browser_is_no_proxy(make_bench: MakeBench) -> None:
    assert say(make_bench(trusted=OURS).client("alice", "WS")) == 401


@pytest.mark.parametrize(
    ("flow", "is_ours"),
    [
        (Flow(UDP, "10.1.2.3", 5060), True),
        (Flow(TCP, "10.1.2.3", 5060, "1"), True),
        (Flow(WS, "10.1.2.3", 5060, "1"), False),
        (Flow(WS, "not an address", 5060, "1"), False),
        (Flow(UDP, "10.2.0.1", 5060), False),
        (Flow(UDP, "192.0.2.9", 5060), True),
        (Flow(UDP, "2001:db8::1", 5060), False),
    ],
)
def test_proxies_are_known_by_their_networks(flow: Flow, is_ours: bool) -> None:
    known: SipSettings = settings(trusted=("10.1.0.0/16", "192.0.2.9"))
    assert known.vouches(flow) is is_ours


@pytest.mark.parametrize(("trusted", "requests"), [(OURS, 1), ((), 2)])
def test_the_cap_on_udp_does_not_hold_towards_our_own_proxy(
    make_bench: MakeBench, trusted: tuple[str, ...], requests: int
) -> None:
    bench = make_bench(trusted=trusted)
    proxy = bench.registered()
    bench.edge.send([segment(1, recipient="client:alice", text="x" * 1500)])
    bench.sink.wait_outcomes(1)
    assert len(proxy.messages) == requests
