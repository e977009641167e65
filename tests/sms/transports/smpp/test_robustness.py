"""Peers that do not read, never finish, or write nonsense: what they cost, and what not."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.lifecycle import LinkState
from sms.transports.base import OutcomeUnknown, TransportError
from sms.transports.smpp import codec
from sms.transports.smpp import session as s
from sms.transports.smpp.link import RetryPolicy, SmppLink
from tests.fakes.sink import PATIENCE_S, RecordingSink
from tests.sms.transports.contract import segments
from tests.sms.transports.smpp.conftest import settings
from tests.sms.transports.smpp.test_codec import EVERY_COMMAND, deliver_sm, mutated
from tests.sms.transports.smpp.test_session import pair, submit

BIND_RESP = bytes.fromhex("00000011 80000009 00000000 00000001 00")
ENQUIRE_LINK = bytes.fromhex("00000010 00000015 00000000 00000007")

Talk = Callable[[socket.socket], None]


class RawPeer:
    """Takes one call, answers its bind, and then does what the test says."""

    def __init__(self, talk: Talk) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._talk = talk
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        caller, _ = self._server.accept()
        with caller:
            caller.settimeout(PATIENCE_S)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            caller.recv(200)
            caller.sendall(BIND_RESP)
            try:
                self._talk(caller)
            except OSError:
                return  # hung up on, as it may be

    def close(self) -> None:
        self._server.close()
        self._thread.join(PATIENCE_S)


@pytest.fixture
def call(sink: RecordingSink) -> Iterator[Callable[..., SmppLink]]:
    opened: list[tuple[SmppLink, RawPeer]] = []

    def call(talk: Talk, **values: object) -> SmppLink:
        peer = RawPeer(talk)
        link = SmppLink(settings(peer.port, **values), sink, policy=RetryPolicy())
        opened.append((link, peer))
        link.start()
        sink.wait_state(LinkState.UP)
        return link

    yield call
    for link, peer in opened:
        link.stop(drain_s=0)
        peer.close()


# --- over real sockets ------------------------------------------------------------------


@pytest.mark.sockets
def test_a_peer_that_stops_reading_is_found_and_what_it_never_got_is_told_apart(
    sink: RecordingSink, call: Callable[..., SmppLink]
) -> None:
    hold = threading.Event()
    values = {"window_size": 1000, "response_timeout_s": 0.5, "enquire_link_s": 0.3}
    batch = segments(30_000)  # before the probe's time begins to run
    link = call(lambda caller: hold.wait(PATIENCE_S) and None, **values)
    link.send(batch)
    assert "no answer in time" in sink.wait_state(LinkState.DOWN)
    hold.set()
    sink.wait_outcomes(30_000)
    kinds = {type(outcome.result) for outcome in sink.outcomes}
    assert kinds == {OutcomeUnknown, TransportError}


@pytest.mark.sockets
def test_a_peer_that_only_asks_and_never_reads_is_read_no_further(
    sink: RecordingSink, call: Callable[..., SmppLink]
) -> None:
    sent = 0

    def ask(caller: socket.socket) -> None:
        nonlocal sent
        while True:
            sent += caller.send(ENQUIRE_LINK * 1000)

    link = call(ask, response_timeout_s=0.5, enquire_link_s=1)
    assert "no answer in time" in sink.wait_state(LinkState.DOWN)
    # Buffers of the system on both sides, and ours; a reader would have taken ever more.
    assert sent < 60_000_000
    assert link.room() == 0


@pytest.mark.sockets
def test_a_pdu_in_drips_is_given_up(
    sink: RecordingSink, call: Callable[..., SmppLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.transports.smpp.dialler.Timers", _hasty_timers)
    frame = deliver_sm(b"x" * 200)

    def drip(caller: socket.socket) -> None:
        for octet in frame:
            caller.sendall(bytes([octet]))
            time.sleep(0.02)

    call(drip)
    assert "a PDU was begun and not finished" in sink.wait_state(LinkState.DOWN)
    assert sink.reports == []


def _hasty_timers(**values: float) -> s.Timers:
    return s.Timers(whole_pdu_s=0.2, **values)


@pytest.mark.sockets
def test_a_flood_of_reports_is_bounded_by_telling_the_peer_to_come_again(
    sink: RecordingSink, call: Callable[..., SmppLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.transports.smpp.link._OWED_MAX", 50)
    answers: list[codec.Pdu] = []
    done = threading.Event()

    def flood(caller: socket.socket) -> None:
        caller.sendall(deliver_sm(b"hi") * 80)
        octets = b""
        while len(octets) < 30 * 17:
            octets += caller.recv(1000)
        answers.extend(codec.decode(octets[at : at + 17]) for at in range(0, len(octets), 17))
        done.set()

    call(flood)
    assert done.wait(PATIENCE_S)
    assert [pdu.command_status for pdu in answers] == [0x14] * 30
    sink.wait_reports(50)


# --- octets, without sockets ------------------------------------------------------------

SMALL = [codec.encode(pdu) for pdu in EVERY_COMMAND if not isinstance(pdu, codec.DataSm)]


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_thousand_mutated_pdus_are_read_or_malformed(seed: int) -> None:
    chance = random.Random(seed)
    read = broken = 0
    for _ in range(20_000):
        try:
            codec.decode(mutated(chance.choice(SMALL), chance))
            read += 1
        except codec.MalformedPdu as error:
            assert error.command_status
            broken += 1
    assert read > 2_000 and broken > 2_000


REASONS = (
    "impossible command_length",
    "the peer unbound",
    "a PDU was begun and not finished",
    "enquire_link: no answer in time",
    "enquire_link: the answer cannot be read",
)
"""The only words that a bound session may end with, whatever octets come."""


@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_stream_ends_a_session_by_a_named_reason_or_not_at_all(seed: int) -> None:
    chance = random.Random(1000 + seed)
    endings: set[str] = set()
    for _ in range(250):
        ours, _ = pair()
        submit(ours)
        stream = b"".join(mutated(chance.choice(SMALL), chance) for _ in range(12))
        now, events = 0.0, []
        while stream:
            size = chance.randint(1, 60)
            piece, stream = stream[:size], stream[size:]
            now += chance.random()
            events += ours.receive_data(piece, now) + ours.tick(now)
            codec_octets = ours.data_to_send()
            assert len(codec_octets) < 10_000
        events += ours.tick(now + 15) + ours.tick(now + 60)
        over = [event for event in events if isinstance(event, s.SessionOver)]
        assert len(over) <= 1
        endings |= {reason for event in over for reason in REASONS if reason in event.reason}
        assert all(any(reason in event.reason for reason in REASONS) for event in over)
    assert endings


@pytest.mark.parametrize("seed", range(2))
def test_mutated_pdus_of_a_right_length_do_not_end_a_session(seed: int) -> None:
    chance = random.Random(seed)
    unbind = codec.Unbind.command_id
    ours, _ = pair()
    for now in range(3_000):
        frame = bytearray(mutated(chance.choice(SMALL), chance))
        frame[:4] = len(frame).to_bytes(4, "big")
        if int.from_bytes(frame[4:8], "big") != unbind:
            ours.receive_data(bytes(frame), now / 1000)
            ours.data_to_send()
    assert ours.state is s.State.BOUND


# --- round trips ------------------------------------------------------------------------


def c_octets(longest: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=longest)


OCTET = st.integers(0, 255)
TLVS = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=5)
MESSAGE = st.fixed_dictionaries(
    {
        "service_type": c_octets(5),
        "source_addr_ton": OCTET,
        "source_addr_npi": OCTET,
        "source_addr": c_octets(20),
        "dest_addr_ton": OCTET,
        "dest_addr_npi": OCTET,
        "destination_addr": c_octets(20),
        "esm_class": OCTET,
        "registered_delivery": OCTET,
        "data_coding": OCTET,
        "sequence_number": st.integers(1, 0x7FFFFFFF),
        "tlvs": TLVS,
    }
)
SHORT = st.fixed_dictionaries(
    {
        "protocol_id": OCTET,
        "priority_flag": OCTET,
        "validity_period": c_octets(16),
        "short_message": st.binary(max_size=254),
    }
)


@given(MESSAGE, SHORT, st.sampled_from([codec.SubmitSm, codec.DeliverSm]))
def test_any_message_survives_the_journey(
    message: dict[str, object], short: dict[str, object], pdu_class: type[codec.ShortMessage]
) -> None:
    pdu = pdu_class(**message, **short)  # type: ignore[arg-type]
    assert codec.decode(codec.encode(pdu)) == pdu


@given(
    c_octets(15),
    c_octets(8),
    c_octets(12),
    st.sampled_from([codec.BindTransceiver, codec.BindReceiver, codec.BindTransmitter]),
)
def test_any_bind_survives_the_journey(
    system_id: str, password: str, system_type: str, pdu_class: type[codec.Bind]
) -> None:
    pdu = pdu_class(system_id=system_id, password=password, system_type=system_type)
    assert codec.decode(codec.encode(pdu)) == pdu


@given(c_octets(64), TLVS, st.sampled_from([codec.SubmitSmResp, codec.DataSmResp]))
def test_any_answer_survives_the_journey(
    message_id: str, tlvs: dict[int, bytes], pdu_class: type[codec.MessageResp]
) -> None:
    pdu = pdu_class(message_id=message_id, tlvs=tlvs)
    assert codec.decode(codec.encode(pdu)) == pdu


@given(st.binary(max_size=200))
def test_no_octets_break_the_codec(octets: bytes) -> None:
    frame = (len(octets) + 4).to_bytes(4, "big") + octets
    try:
        codec.encode(codec.decode(frame))
    except codec.MalformedPdu as error:
        assert error.command_status
