"""An edge over real sockets: what strangers get, and what goes wrong around it."""

import socket
from dataclasses import replace

import pytest

from sms.lifecycle import LinkState
from sms.transports.sip.edge import SipEdge
from sms.transports.sip.guard import Allowance, Guard
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


@pytest.mark.parametrize(
    ("spoil", "status", "reason"),
    [
        ((b"Max-Forwards: 70", b"Max-Forwards: x"), 400, "Max-Forwards is no number"),
        ((b"OPTIONS\r\n", b"MESSAGE\r\n"), 400, "CSeq names another method"),
        ((b"To: <sip:127.0.0.1>", b"To: <sip:127.0.0.1>\r\nnonsense"), 400, "a header without"),
        ((b" SIP/2.0\r\n", b" SIP/7.0\r\n"), 505, "not SIP/2.0"),
        ((b"Content-Length: 0", b"Content-Length: 9"), 400, "fewer octets"),
    ],
)
def test_a_malformed_request_is_told_what_is_wrong(
    bench: Bench, spoil: tuple[bytes, bytes], status: int, reason: str
) -> None:
    client = bench.client()
    answer = client.exchange(client.request("OPTIONS", "sip:127.0.0.1").replace(*spoil, 1))
    assert answer.status == status and reason in answer.start


def test_a_request_that_no_answer_finds_back_from_gets_none(bench: Bench) -> None:
    client = bench.client()
    for name in (b"Via", b"Call-ID", b"CSeq", b"To"):
        assert silent(client, client.request("OPTIONS", "sip:127.0.0.1").replace(name, b"X", 1))


def test_a_repetition_that_nobody_remembers_is_answered_alike(bench: Bench) -> None:
    client = bench.client()
    data = client.request("INVITE", "sip:127.0.0.1")
    for count in (1, 2):
        client.wire.send(data)
        client.wait("an answer", lambda count=count: len(client.answers) == count)  # type: ignore[misc]
    one, two = client.answers
    assert one.status == two.status == 405 and one.header("to") == two.header("to")


def test_everybody_behind_an_ipv6_network_counts_as_one_source() -> None:
    guard = Guard(Allowance(burst=2, per_s=0.0))
    answered = [guard.admits(f"2001:db8::{n}", 0.0) for n in range(1, 5)]
    assert answered == [True, True, False, False]
    assert guard.admits("2001:db8:0:1::1", 0.0) and guard.admits("192.0.2.1", 0.0)


def test_another_host_is_not_here_and_extensions_are_not_known(bench: Bench) -> None:
    client = bench.client()
    assert client.exchange(client.request("MESSAGE", "sip:bob@elsewhere.example")).status == 404
    data = client.request("REGISTER", "sip:127.0.0.1", headers="Require: 100rel\r\n")
    refused = client.exchange(data)
    assert (refused.status, refused.header("unsupported")) == (420, "100rel")


NOT_ONE_MORE = Allowance(burst=10, per_s=0.0)


def test_a_source_gets_so_many_answers_and_no_more(make_bench: MakeBench) -> None:
    bench = make_bench(replace(QUICK, answers=NOT_ONE_MORE))
    registered = bench.registered()
    client = bench.client()
    for _ in range(50):
        client.wire.send(client.request("REGISTER", "sip:127.0.0.1", to="<sip:a@127.0.0.1>"))
    registered.exchange(registered.request("OPTIONS", "sip:127.0.0.1"))  # known: still answered
    assert len(client.answers) == 10


def test_wrong_passwords_are_counted_and_right_ones_are_not(make_bench: MakeBench) -> None:
    bench = make_bench(replace(QUICK, guesses=NOT_ONE_MORE))
    for _ in range(11):
        assert bench.client().register().status == 200
    mallory = bench.client(password="wrong")
    uri = "sip:127.0.0.1"
    first = mallory.exchange(mallory.request("REGISTER", uri))
    header = mallory.authorization(first, "REGISTER", uri)
    for _ in range(10):
        assert mallory.exchange(mallory.request("REGISTER", uri, headers=header)).status == 401
    assert silent(mallory, mallory.request("REGISTER", uri, headers=header))


@pytest.mark.parametrize("kind", ["TCP", "WS"])
def test_over_a_connection_too_many_are_told_to_come_again(
    make_bench: MakeBench, kind: str
) -> None:
    bench = make_bench(replace(QUICK, answers=NOT_ONE_MORE))
    client = bench.client(kind=kind)
    ask = client.request("OPTIONS", "sip:127.0.0.1")
    statuses = [client.exchange(ask.replace(b"z9hG", b"z9hG%d" % n)).status for n in range(11)]
    assert statuses == [200] * 10 + [503]


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


def test_what_is_no_http_is_no_error_in_our_log_and_not_repeated_there(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    assert bench.settings.ws_port
    for octets in (
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nAuthoriz\xffation: secret\r\n\r\n",
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
        b"\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Key: \xff\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", bench.settings.ws_port)) as stranger:
            stranger.sendall(octets)
            assert b" 400 " in stranger.recv(1000)
    assert caplog.records == []


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
