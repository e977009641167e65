"""The scripted SMSC, spoken to octet by octet: what it says must be SMPP."""

import socket
import struct
from collections.abc import Iterator

import pytest

from sms.transports.smpp.codec import DeliverSm
from tests.fakes.smsc import FakeSmsc, refuse_with, say_nothing

pytestmark = pytest.mark.sockets

BIND = bytes.fromhex("00000023 00000009 00000000 00000001") + b"esme\0secret\0\0\x34\0\0\0"
SUBMIT = (
    bytes.fromhex("0000002D 00000004 00000000 00000002")
    + bytes.fromhex("00 0101 3100 0101 3200 000000 00 00 01 00 00 00")
    + b"\x08"
    + b"good day"
)
UNBIND = bytes.fromhex("00000010 00000006 00000000 00000003")


class Caller:
    """A socket that reads whole PDUs as (command_id, command_status, sequence, body)."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)

    def say(self, pdu: bytes) -> None:
        self._socket.sendall(len(pdu).to_bytes(4, "big") + pdu[4:])

    def hear(self) -> tuple[int, int, int, bytes]:
        length, *header = struct.unpack(">LLLL", self._exactly(16))
        command_id, command_status, sequence_number = header
        return command_id, command_status, sequence_number, self._exactly(length - 16)

    def is_hung_up(self) -> bool:
        return self._socket.recv(1) == b""

    def close(self) -> None:
        self._socket.close()

    def _exactly(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            more = self._socket.recv(count - len(octets))
            assert more, "hung up in the middle"
            octets += more
        return octets


@pytest.fixture
def smsc() -> Iterator[FakeSmsc]:
    with FakeSmsc() as smsc:
        yield smsc


@pytest.fixture
def caller(smsc: FakeSmsc) -> Iterator[Caller]:
    caller = Caller(smsc.port)
    yield caller
    caller.close()


def test_it_takes_a_bind_and_a_submit_and_remembers_them(smsc: FakeSmsc, caller: Caller) -> None:
    caller.say(BIND)
    assert caller.hear() == (0x80000009, 0, 1, b"\0")
    caller.say(SUBMIT)
    assert caller.hear() == (0x80000004, 0, 2, b"00ab2\0")
    assert (smsc.binds[0].password, smsc.submits[0].short_message) == ("secret", b"good day")


def test_it_refuses_and_keeps_silent_by_script(smsc: FakeSmsc, caller: Caller) -> None:
    caller.say(BIND)
    caller.hear()
    smsc.on_submit = say_nothing
    caller.say(SUBMIT)
    smsc.wait_submits(1)
    smsc.on_submit = refuse_with(0x58)
    caller.say(SUBMIT)
    assert caller.hear() == (0x80000004, 0x58, 2, b"")


def test_it_refuses_a_bind(smsc: FakeSmsc, caller: Caller) -> None:
    smsc.bind_status = 0x0E
    caller.say(BIND)
    assert caller.hear() == (0x80000009, 0x0E, 1, b"")


def test_it_delivers_and_remembers_the_answer(smsc: FakeSmsc, caller: Caller) -> None:
    caller.say(BIND)
    caller.hear()
    smsc.request(DeliverSm(short_message=b"hello"))
    assert caller.hear()[0] == 5
    caller.say(bytes.fromhex("00000011 80000005 00000014 00000001 00"))
    smsc.wait("the answer", lambda: smsc.answers)
    assert smsc.answers[0].command_status == 0x14


def test_it_takes_an_unbind(smsc: FakeSmsc, caller: Caller) -> None:
    caller.say(BIND)
    caller.hear()
    caller.say(UNBIND)
    assert caller.hear() == (0x80000006, 0, 3, b"")
    assert caller.is_hung_up()


def test_it_goes_away_and_comes_back_on_the_same_port(smsc: FakeSmsc) -> None:
    smsc.go_away()
    with pytest.raises(ConnectionRefusedError):
        Caller(smsc.port)
    smsc.come_back()
    Caller(smsc.port).close()
