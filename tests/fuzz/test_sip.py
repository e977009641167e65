"""Strangers before a SIP edge, over UDP, TCP and WebSocket."""

import os
import socket
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

from sms.transports.base import Inbound
from sms.transports.sip.guard import Allowance
from tests.fakes.sip_client import SipClient, WsWire
from tests.fuzz.spoil import pieces, spoiled
from tests.fuzz.tries import Case, Tries
from tests.sms.transports.sip.conftest import QUICK, Bench, MakeBench, say

pytestmark = [pytest.mark.sockets, pytest.mark.usefixtures("clean_log")]

GENEROUS = Allowance(burst=10**9, per_s=10.0**9)
PATIENT = replace(QUICK, answers=GENEROUS, guesses=GENEROUS, strangers_max=10**6)
FORGED = 'Digest username="alice", realm="127.0.0.1", nonce="1", uri="sip:x", response="0"'
SEEDS = (
    ("REGISTER", "Contact: <sip:alice@127.0.0.1:5099>;expires=60\r\n", b""),
    ("REGISTER", f"Authorization: {FORGED}\r\nContact: *\r\nExpires: 0\r\n", b""),
    ("MESSAGE", "Content-Type: text/plain\r\n", b"Hello"),
    ("MESSAGE", f"Authorization: {FORGED}\r\nContent-Type: message/cpim\r\n", b"Hello"),
    ("MESSAGE", "P-Asserted-Identity: <sip:alice@127.0.0.1>\r\n", b"Hello"),
    ("OPTIONS", "Accept: application/sdp\r\n", b""),
    ("INVITE", "Content-Type: application/sdp\r\n", b"v=0\r\n"),
    ("CANCEL", "", b""),
)


def shout(wire: socket.socket, data: bytes, case: Case) -> None:
    """Say something in a piece or several, whatever the other side does meanwhile."""
    try:
        for piece in pieces(data, case.chance):
            wire.sendall(piece)
    except OSError:
        return  # hung up on, as it may be


def over_udp(bench: Bench, data: bytes, case: Case) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect(("127.0.0.1", bench.settings.port))
        shout(wire, data[:60_000], case)


def over_tcp(bench: Bench, data: bytes, case: Case) -> None:
    with socket.create_connection(("127.0.0.1", bench.settings.port)) as wire:
        shout(wire, data, case)


def over_ws(bench: Bench, data: bytes, case: Case) -> None:
    """Spoil a frame's inside, or the frame, or the handshake."""
    assert bench.settings.ws_port
    chance = case.chance
    if chance.random() < 0.2:
        with socket.create_connection(("127.0.0.1", bench.settings.ws_port)) as wire:
            shout(wire, spoiled(HANDSHAKE, chance), case)
        return
    client = WsWire(bench.settings.ws_port)
    mask = os.urandom(4)
    head = bytes([chance.choice((0x81, 0x82, 0x01, 0x80, 0x89, 0x88, 0xF1))])
    length = struct.pack("!BH", 0x80 | 126, len(data) & 0xFFFF)
    masked = bytes(octet ^ mask[n % 4] for n, octet in enumerate(data))
    frame = head + length + mask + masked
    shout(client._socket, frame if chance.random() < 0.6 else spoiled(frame, chance), case)
    client.close()


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: sip\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)
WAYS: dict[str, Callable[[Bench, bytes, Case], None]] = {
    "UDP": over_udp,
    "TCP": over_tcp,
    "WS": over_ws,
}


@pytest.mark.parametrize("kind", WAYS)
def test_an_edge_outlives_strangers_and_takes_nothing_from_them(
    kind: str, make_bench: MakeBench, tries: Tries
) -> None:
    bench = make_bench(PATIENT)
    bob = bench.registered("bob", kind=kind)
    writer = bench.client(kind="UDP")
    for number, case in enumerate(tries.cases(250)):
        method, headers, body = case.chance.choice(SEEDS)
        data = writer.request(method, "sip:bob@127.0.0.1", headers=headers, body=body)
        WAYS[kind](bench, spoiled(data, case.chance, times=5), case)
        if number % 50 == 0:
            _is_served(bench, kind, case)
    _is_served(bench, kind, case)
    heard = [report for report in bench.sink.reports if isinstance(report, Inbound)]
    assert heard == []
    assert {login for login, _ in bench.office.bindings} <= {"bob", "alice"}
    assert _is_there(bob)
    assert say(bench, bob, "alice", "Hello").status == 202


def _is_served(bench: Bench, kind: str, case: Case) -> None:
    client = bench.client(kind=kind)
    assert client.register().status == 200, case.name
    assert client.register(expires=0).status == 200, case.name
    client.close()


def _is_there(client: SipClient) -> bool:
    return client.exchange(client.request("OPTIONS", "sip:127.0.0.1")).status == 200


def test_a_client_that_is_one_spoils_only_its_own_messages(
    make_bench: MakeBench, tries: Tries
) -> None:
    """With a password that is right: its From, its body and its headers are spoiled."""
    bench = make_bench(PATIENT)
    for number, case in enumerate(tries.cases(60)):
        client = bench.registered("alice", kind=case.chance.choice(list(WAYS)))
        uri = "sip:bob@127.0.0.1"
        challenge = client.exchange(client.request("MESSAGE", uri))
        header = client.authorization(challenge, "MESSAGE", uri)
        headers = f"{header}Content-Type: text/plain;charset=utf-8\r\n"
        data = client.request("MESSAGE", uri, headers=headers, body=b"Hello")
        client.wire.send(spoiled(data, case.chance, times=2)[:60_000])
        client.close()
        if number % 20 == 0:
            _is_served(bench, "UDP", case)
    for report in bench.sink.reports:
        assert isinstance(report, Inbound)
        assert report.login == "alice"
