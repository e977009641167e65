"""An edge over real sockets: what strangers get, and what goes wrong around it."""

from dataclasses import replace

import pytest

from sms.lifecycle import LinkState
from sms.transports.sip.edge import SipEdge
from sms.transports.sip.guard import Allowance
from tests.fakes.sink import RecordingSink
from tests.fakes.sip_client import SipClient, WsWire
from tests.sms.transports.sip.conftest import QUICK, Bench, MakeBench

pytestmark = pytest.mark.sockets


@pytest.mark.parametrize(
    ("method", "status"),
    [("OPTIONS", 200), ("INVITE", 405), ("SUBSCRIBE", 489), ("BYE", 481), ("FROBNICATE", 501)],
)
def test_other_methods_are_answered(bench: Bench, method: str, status: int) -> None:
    client = bench.client()
    assert client.exchange(client.request(method, "sip:127.0.0.1")).status == status


def silent(client: SipClient, data: bytes) -> bool:
    """Say whether the edge answers nothing, while it does answer what comes after."""
    count = len(client.answers)
    client.wire.send(data)
    client.exchange(client.request("OPTIONS", "sip:127.0.0.1"))
    return len(client.answers) == count + 1


def test_acks_scanners_stun_and_rubbish_are_not_answered(bench: Bench) -> None:
    client = bench.client()
    for data in (
        client.request("ACK", "sip:127.0.0.1"),
        client.request("REGISTER", "sip:127.0.0.1", headers="User-Agent: friendly-scanner\r\n"),
        b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(40),
        b"\r\n\r\n",
        b"x" * 2000,
        b"SIP/2.0 200 OK\r\n" + client.request("OPTIONS", "sip:x").partition(b"\r\n")[2],
    ):
        assert silent(client, data)


def test_another_host_is_not_here_and_extensions_are_not_known(bench: Bench) -> None:
    client = bench.client()
    assert client.exchange(client.request("MESSAGE", "sip:bob@elsewhere.example")).status == 404
    data = client.request("REGISTER", "sip:127.0.0.1", headers="Require: 100rel\r\n")
    refused = client.exchange(data)
    assert (refused.status, refused.header("unsupported")) == (420, "100rel")


def test_a_source_gets_so_many_answers_and_no_more(make_bench: MakeBench) -> None:
    bench = make_bench(replace(QUICK, allowance=Allowance(burst=10, per_s=0.0)))
    registered = bench.registered()
    client = bench.client()
    for _ in range(50):
        client.wire.send(client.request("REGISTER", "sip:127.0.0.1", to="<sip:a@127.0.0.1>"))
    registered.exchange(registered.request("OPTIONS", "sip:127.0.0.1"))  # known: still answered
    assert len(client.answers) == 10


def test_a_stream_out_of_step_is_closed_and_others_live_on(bench: Bench) -> None:
    bad, good = bench.client(kind="TCP"), bench.registered("bob", kind="TCP")
    bad.wire.send(b"REGISTER sip:x SIP/2.0\r\nContent-Length: 99999999\r\n\r\n")
    bad.wait("the end", lambda: bad.is_over)
    good.wire.send(b"\r\n\r\n")
    good.wait("a pong", lambda: good.blanks)


def test_only_sip_is_spoken_over_websocket(bench: Bench) -> None:
    assert bench.settings.ws_port
    assert " 400 " in WsWire(bench.settings.ws_port, protocol="").handshake
    assert "Protocol: sip" in WsWire(bench.settings.ws_port).handshake


def test_while_the_database_is_away_clients_are_told_to_come_again(bench: Bench) -> None:
    bench.office.is_away = True
    answer = bench.client().register()
    assert (answer.status, answer.header("retry-after")) == (503, "5")


def test_a_port_that_is_taken_is_told_and_tried_again(make_bench: MakeBench) -> None:
    first = make_bench()
    sink = RecordingSink()
    second = SipEdge(first.settings, sink, first.office, policy=QUICK)
    second.start()
    assert "is taken" in sink.wait_state(LinkState.DOWN)
    assert second.room() == 0
    first.edge.stop(drain_s=0)
    sink.wait_state(LinkState.UP)
    second.stop(drain_s=0)


def test_udp_clients_are_kept_alive(make_bench: MakeBench) -> None:
    bench = make_bench(replace(QUICK, keep_alive_s=0.1))
    alice = bench.registered()
    alice.wait("keep-alives", lambda: alice.blanks)
