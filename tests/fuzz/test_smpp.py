"""Carriers out of their mind before our links, and ESMEs that are before the simulator."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from accounts.models import PhoneNumber
from sms import receive
from sms.lifecycle import Status
from sms.models import Link, Message
from sms.transports.base import Accepted, Inbound, Receipt
from sms.transports.simulator.smsc import Smsc
from sms.transports.smpp import codec
from sms.transports.smpp.link import SmppLink
from sms.transports.smpp.receipts import ID_FORMS, ReceiptRules, parse_receipt
from tests.fakes.esme import connect, submit
from tests.fakes.sink import PATIENCE_S, RecordingSink
from tests.fuzz.spoil import spoiled
from tests.fuzz.tries import Case, Tries
from tests.sms.transports.contract import segment
from tests.sms.transports.simulator.test_smsc import with_smsc
from tests.sms.transports.smpp.conftest import QUICK, settings
from tests.sms.transports.smpp.test_codec import EVERY_COMMAND, deliver_sm, mutated

pytestmark = pytest.mark.sockets

SMALL = [codec.encode(pdu) for pdu in EVERY_COMMAND if not isinstance(pdu, codec.DataSm)]
RECEIPT = (
    b"id:0012AB sub:001 dlvrd:001 submit date:2611221630 done date:2611221631 "
    b"stat:DELIVRD err:000 text:Hello"
)
AT_ONCE = 20
BIND_RESP = bytes.fromhex("00000011 80000009 00000000 00000001 00")


class MadCarrier:
    """Takes every call and every bind, and answers what else it hears with spoiled PDUs."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.case = Case("none", random.Random(0))
        self.accepted: set[int] = set()
        """Segments whose acceptance was among the octets it sent, by the number in their text."""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(caller,), daemon=True).start()

    def _talk(self, caller: socket.socket) -> None:
        heard = b""
        with caller:
            caller.settimeout(PATIENCE_S)
            try:
                caller.recv(200)
                caller.sendall(BIND_RESP)
                while octets := caller.recv(4096):
                    heard += octets
                    while len(heard) >= 16 and len(heard) >= (size := _length(heard)):
                        frame, heard = heard[:size], heard[size:]
                        self._answer(caller, frame)
            except OSError:
                return  # hung up on, as it may be

    def _answer(self, caller: socket.socket, frame: bytes) -> None:
        chance = self.case.chance
        sequence = frame[12:16]
        is_submit = frame[4:8] == b"\0\0\0\x04"
        if is_submit:
            answer = _framed(b"\x80\0\0\x04", sequence, b"77\0", status=chance.choice((0, 0, 88)))
        else:
            answer = _framed(bytes([0x80, 0, 0, frame[7]]), sequence, b"")
        said = answer if chance.random() < 0.8 else mutated(answer, chance)
        if chance.random() < 0.1:
            said += mutated(chance.choice(SMALL), chance)
        if chance.random() < 0.2:
            said += mutated(deliver_sm(spoiled(RECEIPT, chance)[:254]), chance)
        if is_submit and _says_yes(said, sequence):
            self.accepted.add(_number(frame))
        caller.sendall(said)

    def close(self) -> None:
        self._server.close()


def _length(octets: bytes) -> int:
    return max(16, int.from_bytes(octets[:4], "big"))


def _framed(command: bytes, sequence: bytes, body: bytes, *, status: int = 0) -> bytes:
    return struct.pack("!I", 16 + len(body)) + command + struct.pack("!I", status) + sequence + body


def _says_yes(octets: bytes, sequence: bytes) -> bool:
    """Say whether a yes to this request is somewhere in there, however it is framed."""
    return b"\x80\0\0\x04\0\0\0\0" + sequence in octets


def _number(frame: bytes) -> int:
    """Read the number that a submit_sm's text holds."""
    return int(codec.decode(frame).short_message.decode())  # type: ignore[attr-defined]


@pytest.fixture
def carrier() -> Iterator[MadCarrier]:
    carrier = MadCarrier()
    yield carrier
    carrier.close()


def test_a_link_outlives_its_carrier_and_believes_nothing_that_was_not_said(
    carrier: MadCarrier, tries: Tries, caplog: pytest.LogCaptureFixture
) -> None:
    sink = RecordingSink()
    values = {"response_timeout_s": 0.1, "enquire_link_s": 0.2}
    link = SmppLink(settings(carrier.port, **values), sink, policy=QUICK)
    link.start()
    count = 0
    for case in tries.cases(5):
        carrier.case = case
        sink.wait("room", link.room)
        link.send([segment(key, text=str(key)) for key in range(count, count + AT_ONCE)])
        count += AT_ONCE
        sink.wait_outcomes(count)
    link.stop(drain_s=0)
    assert sorted(outcome.key for outcome in sink.outcomes) == list(range(count))
    believed = {one.key for one in sink.outcomes if isinstance(one.result, Accepted)}
    assert believed <= carrier.accepted
    assert believed
    errors = [line.getMessage() for line in caplog.records if line.levelname == "ERROR"]
    assert not [line for line in errors if "Traceback" in line or "failed" in line], errors


@pytest.mark.django_db
def test_whatever_a_carrier_reports_can_be_stored(
    number: PhoneNumber, link: Link, tries: Tries
) -> None:
    rules = ReceiptRules(id_form="auto")
    made = 0
    for case in tries.cases(400):
        octets = mutated(deliver_sm(spoiled(RECEIPT, case.chance)[:254]), case.chance)
        try:
            pdu = codec.decode(octets)
        except codec.MalformedPdu:
            continue
        if not isinstance(pdu, codec.DeliverSm):
            continue
        fields = parse_receipt(esm_class=4, text=pdu.short_message, tlvs=pdu.tlvs, rules=rules)
        assert fields is not None, case.name
        receipt = Receipt(
            remote_id=fields.remote_id,
            remote_keys=fields.remote_keys,
            status=fields.status,
            code=fields.code,
            raw=fields.raw,
        )
        receive.receipts([receipt], link_id=link.id)
        text = pdu.short_message.decode("latin-1")
        inbound = Inbound(sender=pdu.source_addr, recipient=pdu.destination_addr, text=text)
        receive.inbound([inbound], link_id=link.id)
        made += 1
    assert Message.objects.filter(status=Status.RECEIVED).count() == made > 0


def test_a_receipt_delivers_nothing_that_its_octets_do_not_say(tries: Tries) -> None:
    delivered = 0
    for case in tries.cases(20_000):
        text = spoiled(RECEIPT, case.chance, times=6)
        rules = ReceiptRules(id_form=case.chance.choice(ID_FORMS))
        fields = parse_receipt(esm_class=4, text=text, tlvs={}, rules=rules)
        if fields and fields.status is Status.DELIVERED:
            delivered += 1
            assert b"DELIV" in text.replace(b"\0", b"").upper(), (case.name, text)
            assert fields.code is None, case.name
    assert delivered


def test_the_simulator_outlives_its_esmes(
    tries: Tries, clean_log: pytest.LogCaptureFixture
) -> None:
    wrong: list[object] = []

    async def attack(smsc: Smsc) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
        for case in tries.cases(150):
            await _shout(smsc, case)
            assert not wrong, (case.name, wrong)
        esme = await connect(smsc)
        esme.ask(submit("15551234567"))
        await esme.until(lambda: esme.delivered)
        assert esme.statuses == [0]
        esme.transport.close()

    with_smsc(attack)


async def _shout(smsc: Smsc, case: Case) -> None:
    """Bind in mostly one piece, say a few spoiled things, and hang up."""
    chance = case.chance
    bind = codec.encode(codec.BindTransceiver(system_id="demo", password="x", sequence_number=1))
    said = bind if chance.random() < 0.8 else mutated(bind, chance)
    said += b"".join(mutated(chance.choice(SMALL), chance) for _ in range(chance.randint(1, 8)))
    reader, writer = await asyncio.open_connection(smsc.host, smsc.port)
    try:
        writer.write(said)
        writer.write_eof()
        async with asyncio.timeout(PATIENCE_S):
            while await reader.read(4096):
                pass
    except ConnectionError:
        pass  # hung up on, as it may be
    finally:
        writer.close()
