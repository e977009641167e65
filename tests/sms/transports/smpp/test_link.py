"""The link over real sockets, against a scripted SMSC."""

import socket
import time
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from sms.errors import ErrorCode
from sms.lifecycle import LinkState, Status
from sms.text import Encoding
from sms.transports.base import (
    Accepted,
    Inbound,
    OutcomeUnknown,
    Receipt,
    Transport,
    TransportError,
)
from sms.transports.smpp.codec import (
    HEADER,
    CommandStatus,
    DataSm,
    DeliverSm,
    GenericNack,
    SubmitSm,
    SubmitSmResp,
    Tag,
)
from sms.transports.smpp.link import RetryPolicy, SmppLink
from sms.transports.smpp.status import status_name
from sms.transports.smpp.user_data import read_user_data
from tests.fakes.sink import RecordingSink
from tests.fakes.smsc import FakeSmsc, accept, refuse_with, say_nothing
from tests.sms.transports.contract import TransportContract, segment, segments
from tests.sms.transports.smpp.conftest import QUICK, Opener, settings

pytestmark = pytest.mark.sockets

RECEIPT = DeliverSm(
    source_addr="15551234567",
    destination_addr="15005550006",
    esm_class=4,
    short_message=b"id:00AB2 sub:001 dlvrd:001 stat:UNDELIV err:011 text:hello",
)


class SmppPeer:
    """A FakeSmsc as the contract wants it."""

    def __init__(self, smsc: FakeSmsc, **values: object) -> None:
        self._smsc = smsc
        self._values = values

    def connect(self, sink: RecordingSink) -> Transport:
        return SmppLink(settings(self._smsc.port, **self._values), sink, policy=QUICK)

    def be_silent(self) -> None:
        self._smsc.on_submit = say_nothing

    def wait_segments(self, count: int) -> None:
        self._smsc.wait_submits(count)

    def go_away(self) -> None:
        self._smsc.go_away()

    def come_back(self) -> None:
        self._smsc.come_back()

    def report(self) -> None:
        self._smsc.request(RECEIPT)

    def wait_report_answer(self, *, stored: bool) -> None:
        expected = CommandStatus.OK if stored else CommandStatus.QUEUE_FULL
        smsc = self._smsc
        smsc.wait("the answer", lambda: smsc.answers)
        assert smsc.answers.pop(0).command_status == expected


class TestSmppMeetsTheContract(TransportContract):
    @pytest.fixture
    def peer(self) -> Iterator[SmppPeer]:
        with FakeSmsc() as smsc:
            yield SmppPeer(smsc)


# --- bind -------------------------------------------------------------------------------


def test_it_binds_as_a_transceiver_with_its_settings(smsc: FakeSmsc, open_link: Opener) -> None:
    open_link(system_type="VMA")
    (bind,) = smsc.binds
    assert bind.name == "bind_transceiver"
    assert (bind.system_id, bind.password, bind.system_type) == ("esme", "secret", "VMA")
    assert bind.interface_version == 0x34


@pytest.mark.parametrize(
    ("command_status", "state"),
    [
        (0x0D, LinkState.REFUSED),
        (0x0E, LinkState.REFUSED),
        (0x0F, LinkState.REFUSED),
        (0x53, LinkState.REFUSED),
        (0x05, LinkState.DOWN),
        (0x14, LinkState.DOWN),
        (0x58, LinkState.DOWN),
    ],
)
def test_a_refused_bind_names_its_status_and_is_tried_again(
    smsc: FakeSmsc,
    sink: RecordingSink,
    open_link: Opener,
    command_status: int,
    state: LinkState,
) -> None:
    smsc.bind_status = command_status
    link = open_link(until=state)
    assert f"0x{command_status:08X}" in sink.wait_state(state)
    assert link.room() == 0
    smsc.bind_status = CommandStatus.OK
    sink.wait_state(LinkState.UP)


def test_a_peer_that_is_not_there_is_called_again_until_it_is(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.go_away()
    open_link(until=LinkState.DOWN)
    assert "cannot connect: Connection refused" in sink.wait_state(LinkState.DOWN, times=2)
    smsc.come_back()
    sink.wait_state(LinkState.UP)


def test_a_setting_that_no_bind_can_hold_is_told_and_not_cut(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    open_link(until=LinkState.DOWN, password="too long for SMPP")
    assert "password is longer than 8 octets" in sink.wait_state(LinkState.DOWN)
    assert smsc.binds == []


@pytest.mark.parametrize(
    ("losses", "wait_s"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (5000, 60)]
)
def test_losses_are_waited_out_ever_longer(losses: int, wait_s: float) -> None:
    assert RetryPolicy(jitter=0).after_loss(losses) == wait_s
    assert 0.8 * wait_s <= RetryPolicy().after_loss(losses) <= wait_s


@pytest.mark.parametrize(("refusals", "wait_s"), [(1, 60), (2, 120), (4, 480), (5, 900), (99, 900)])
def test_refusals_are_waited_out_much_longer(refusals: int, wait_s: float) -> None:
    assert RetryPolicy(jitter=0).after_refusal(refusals) == wait_s


def test_settings_do_not_show_their_password() -> None:
    assert "secret" not in repr(settings(2775))


# --- submit -----------------------------------------------------------------------------


def test_a_segment_arrives_as_it_was_given(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    link = open_link()
    link.send([segment(7, text="Ж", encoding=Encoding.UCS2, part=2, parts=3, reference=5)])
    sink.wait_outcomes(1)
    (pdu,) = smsc.submits
    assert (pdu.destination_addr, pdu.data_coding, pdu.esm_class) == ("15551234567", 8, 0x40)
    assert pdu.short_message == b"\x05\x00\x03\x05\x03\x02\x04\x16"
    assert sink.result_of(7) == Accepted("00ab2", "AB2")


@pytest.mark.parametrize(
    ("command_status", "code", "permanent"),
    [
        (0x0B, ErrorCode.UNKNOWN_HANDSET, True),
        (0x58, ErrorCode.QUEUE_OVERFLOW, False),
        (0x14, ErrorCode.QUEUE_OVERFLOW, False),
    ],
)
def test_a_refused_submit_ends_as_the_table_says(
    smsc: FakeSmsc,
    sink: RecordingSink,
    open_link: Opener,
    command_status: int,
    code: ErrorCode,
    permanent: bool,
) -> None:
    smsc.on_submit = refuse_with(command_status)
    open_link().send([segment(1)])
    sink.wait_outcomes(1)
    result = sink.result_of(1)
    assert isinstance(result, TransportError)
    assert (result.code, result.permanent) == (code, permanent)


def test_a_generic_nack_is_an_answer_to_a_submit(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = lambda pdu: GenericNack(command_status=3)
    open_link().send([segment(1)])
    sink.wait_outcomes(1)
    assert isinstance(sink.result_of(1), TransportError)


def test_a_segment_that_no_pdu_can_hold_fails_alone(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    open_link().send([segment(1, recipient="1" * 21), segment(2, text="Ж"), segment(3)])
    sink.wait_outcomes(3)
    for key in (1, 2):
        result = sink.result_of(key)
        assert isinstance(result, TransportError) and result.permanent
    assert isinstance(sink.result_of(3), Accepted)
    assert len(smsc.submits) == 1


def test_no_more_than_the_window_waits_for_answers(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = say_nothing
    open_link(window_size=4).send(segments(20))
    smsc.wait_submits(4)
    smsc.answer(smsc.submits[0], SubmitSmResp(message_id="1"))
    smsc.wait_submits(5)
    sink.wait_outcomes(1)
    assert len(smsc.submits) == 5


def test_the_rate_is_held_by_even_spacing(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    link = open_link(max_tps=100, window_size=50)
    began = time.monotonic()
    link.send(segments(40))
    sink.wait_outcomes(40)
    assert 0.3 < time.monotonic() - began < 2


# --- silence and loss -------------------------------------------------------------------


def test_silence_ends_as_unknown_and_a_late_answer_is_told(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = say_nothing
    open_link(response_timeout_s=0.1).send([segment(5)])
    sink.wait_outcomes(1)
    assert isinstance(sink.result_of(5), OutcomeUnknown)
    smsc.answer(smsc.submits[0], SubmitSmResp(message_id="0c"))
    sink.wait("the late answer", lambda: sink.late_answers)
    (late,) = sink.late_answers
    assert (late.key, late.remote_id, late.remote_key) == (5, "0c", "C")


def test_one_silent_pdu_delays_nobody_else(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    def answer_but_the_first(pdu: SubmitSm) -> SubmitSmResp | None:
        return SubmitSmResp(message_id="1") if len(smsc.submits) > 1 else None

    smsc.on_submit = answer_but_the_first
    open_link(window_size=2).send(segments(30))
    sink.wait_outcomes(29)
    assert 0 not in [outcome.key for outcome in sink.outcomes]


def test_a_drop_tells_written_segments_from_unwritten_ones(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = say_nothing
    open_link(window_size=3).send(segments(8))
    smsc.wait_submits(3)
    smsc.drop()
    sink.wait_outcomes(8)
    results = [sink.result_of(key) for key in range(8)]
    assert [type(result) for result in results] == [OutcomeUnknown] * 3 + [TransportError] * 5
    unknown, unsent = results[0], results[3]
    assert isinstance(unknown, OutcomeUnknown) and isinstance(unsent, TransportError)
    assert unknown.raw == "connection lost before the answer"
    assert unsent.raw == "connection lost before sending"
    assert (unsent.code, unsent.permanent) == (ErrorCode.UNREACHABLE_CARRIER, False)
    assert unsent.retry_in_s == 0


def test_drops_under_load_lose_nothing_and_never_hide_what_was_written(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    link = open_link(window_size=50)
    waiting = [segment(key, recipient=f"1555{key:07}") for key in range(1500)]
    for losses in range(3):
        batch, waiting = waiting[:500], waiting[500:]
        link.send(batch)
        smsc.wait_submits(len(smsc.submits) + 120)
        smsc.drop()
        sink.wait_outcomes(500 * (losses + 1))
        sink.wait_state(LinkState.UP, times=losses + 2)
    assert sorted(outcome.key for outcome in sink.outcomes) == list(range(1500))
    arrived = {int(pdu.destination_addr[4:]) for pdu in smsc.submits}
    for outcome in sink.outcomes:
        if isinstance(outcome.result, TransportError):
            assert outcome.key not in arrived
    assert len(arrived) == len(smsc.submits)


def test_the_peers_unbind_is_answered_and_the_link_binds_again(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    open_link()
    smsc.unbind()
    assert "unbound" in sink.wait_state(LinkState.DOWN)
    sink.wait_state(LinkState.UP, times=2)
    smsc.wait("the unbind_resp", lambda: smsc.endings)
    assert smsc.endings == ["unbound"]


def test_a_dead_peer_is_noticed(sink: RecordingSink) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        values = {"enquire_link_s": 0.05, "response_timeout_s": 0.05}
        link = SmppLink(settings(port, **values), sink, policy=RetryPolicy())
        link.start()
        caller, _ = deaf.accept()
        with caller:
            caller.recv(100)
            caller.sendall(bytes.fromhex("00000011 80000009 00000000 00000001 00"))
            assert caller.recv(100)[:8] == bytes.fromhex("00000010 00000015")
            assert "enquire_link: no answer in time" in sink.wait_state(LinkState.DOWN)
        link.stop(drain_s=0)


def test_a_stop_drains_then_unbinds(smsc: FakeSmsc, sink: RecordingSink, open_link: Opener) -> None:
    smsc.on_submit = say_nothing
    link = open_link(response_timeout_s=0.2)
    link.send([segment(1)])
    smsc.wait_submits(1)
    link.stop(drain_s=5)
    assert isinstance(sink.result_of(1), OutcomeUnknown)
    smsc.wait("the end", lambda: smsc.endings)
    assert smsc.endings == ["the peer unbound"]
    told = [state for state, _ in sink.states]
    assert told == [LinkState.BINDING, LinkState.UP, LinkState.STOPPED]


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", bytes(16), b"\xff" * 40, b"\0\0\0\x02"],
    ids=["http", "zeros", "ones", "two"],
)
def test_garbage_costs_the_connection_and_nothing_else(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener, garbage: bytes
) -> None:
    link = open_link()
    smsc.write(garbage)
    sink.wait_state(LinkState.UP, times=2)
    link.send([segment(1)])
    sink.wait_outcomes(1)
    assert isinstance(sink.result_of(1), Accepted)


def test_a_malformed_pdu_does_not_cost_the_connection(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    link = open_link()
    smsc.write(bytes.fromhex("00000014 00000005 00000000 00000009 01020304"))
    smsc.write(bytes.fromhex("00000010 0000DEAD 00000000 0000000A"))
    link.send([segment(1)])
    sink.wait_outcomes(1)
    assert isinstance(sink.result_of(1), Accepted)
    assert len(smsc.binds) == 1


# --- reports ----------------------------------------------------------------------------


def test_a_receipt_is_read_and_answered_only_when_told_to(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    link = open_link()
    smsc.request(RECEIPT)
    sink.wait_reports(1)
    (receipt,) = sink.reports
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.code) == (Status.UNDELIVERED, ErrorCode.UNREACHABLE_HANDSET)
    assert receipt.remote_keys[0] == "AB2"
    assert "hello" not in receipt.raw
    assert smsc.answers == []
    link.answer([receipt], stored=True)
    smsc.wait("the answer", lambda: smsc.answers)
    assert smsc.answers[0].name == "deliver_sm_resp"


def test_a_receipt_by_data_sm_is_answered_by_data_sm_resp(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    link = open_link()
    tlvs = {Tag.RECEIPTED_MESSAGE_ID: b"77\0", Tag.MESSAGE_STATE: b"\x02"}
    smsc.request(DataSm(esm_class=4, tlvs=tlvs))
    sink.wait_reports(1)
    assert isinstance(sink.reports[0], Receipt)
    assert sink.reports[0].status is Status.DELIVERED
    link.answer(sink.reports, stored=True)
    smsc.wait("the answer", lambda: smsc.answers)
    assert smsc.answers[0].name == "data_sm_resp"


def test_a_message_is_handed_in_with_its_part(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    open_link()
    octets = b"\x06\x08\x04\x01\x02\x03\x02" + "Ж".encode("utf-16-be")
    smsc.request(
        DeliverSm(
            source_addr="447700900001",
            destination_addr="15005550006",
            esm_class=0x40,
            data_coding=8,
            short_message=octets,
        )
    )
    sink.wait_reports(1)
    (report,) = sink.reports
    assert isinstance(report, Inbound)
    assert (report.sender, report.recipient, report.text) == ("447700900001", "15005550006", "Ж")
    assert (report.reference, report.parts, report.part) == (0x0102, 3, 2)
    assert report.scheme == "udh16"


def test_a_message_that_is_not_text_is_handed_in_and_not_answered_before_that(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    link = open_link()
    smsc.request(DeliverSm(source_addr="1", data_coding=0x04, short_message=b"\x00\x01"))
    sink.wait_reports(1)
    assert smsc.answers == []
    link.answer(sink.reports, stored=True)
    smsc.wait("the answer", lambda: smsc.answers)
    assert smsc.answers[0].command_status == CommandStatus.OK


def test_messages_of_two_connections_can_be_told_apart(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    open_link()
    smsc.request(DeliverSm(source_addr="1", short_message=b"hi"))
    sink.wait_reports(1)
    smsc.drop()
    sink.wait_state(LinkState.UP, times=2)
    smsc.request(DeliverSm(source_addr="1", short_message=b"hi"))
    sink.wait_reports(2)
    first, second = sink.reports
    assert isinstance(first, Inbound) and isinstance(second, Inbound)
    assert first.session and second.session and first.session != second.session


# --- what the peer thinks of us ---------------------------------------------------------


def test_a_throttled_link_rests_and_then_goes_on(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = refuse_with(0x58)
    link = open_link()
    link.send([segment(1)])
    sink.wait_outcomes(1)
    smsc.on_submit = accept
    began = time.monotonic()
    link.send([segment(2)])
    sink.wait_outcomes(2)
    assert time.monotonic() - began > 0.8
    assert isinstance(sink.result_of(2), Accepted)
    assert len(smsc.binds) == 1


@pytest.mark.parametrize(
    ("command_status", "state"),
    [
        (0x04, LinkState.DOWN),
        (0x05, LinkState.DOWN),
        (0x0D, LinkState.REFUSED),
        (0x0E, LinkState.REFUSED),
        (0x0F, LinkState.REFUSED),
        (0x53, LinkState.REFUSED),
    ],
)
def test_a_session_that_takes_no_messages_is_bound_anew(
    smsc: FakeSmsc,
    sink: RecordingSink,
    open_link: Opener,
    command_status: int,
    state: LinkState,
) -> None:
    smsc.on_submit = refuse_with(command_status)
    link = open_link()
    link.send(segments(8))
    sink.wait_outcomes(8)
    for key in range(8):
        result = sink.result_of(key)
        assert isinstance(result, TransportError) and not result.permanent
    assert f"session refused: {status_name(command_status)}" in sink.wait_state(state)
    smsc.on_submit = accept
    sink.wait_state(LinkState.UP, times=2)
    link.send([segment(9)])
    sink.wait_outcomes(9)
    assert isinstance(sink.result_of(9), Accepted)


def test_a_refused_session_waits_for_what_is_out_and_sends_no_more(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = say_nothing
    link = open_link(window_size=3)
    link.send(segments(6))
    smsc.wait_submits(3)
    smsc.answer(smsc.submits[1], SubmitSmResp(command_status=0x04))
    sink.wait_outcomes(4)
    assert link.room() == 0
    for number, pdu in enumerate((smsc.submits[0], smsc.submits[2])):
        smsc.answer(pdu, SubmitSmResp(message_id=str(number)))
    sink.wait_outcomes(6)
    assert isinstance(sink.result_of(0), Accepted) and isinstance(sink.result_of(2), Accepted)
    sink.wait_state(LinkState.UP, times=2)
    assert len(smsc.submits) == 3


def test_a_peer_that_binds_and_takes_nothing_is_bound_ever_more_rarely(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = refuse_with(0x04)
    policy = RetryPolicy(first_s=0.01, longest_s=60, jitter=0, unbind_s=0.1)
    link = open_link(policy=policy)
    began = time.monotonic()
    for times in range(1, 6):
        link.send([segment(times)])
        sink.wait_state(LinkState.UP, times=times + 1)
    assert time.monotonic() - began > 0.01 * (1 + 2 + 4 + 8 + 16)
    smsc.on_submit = accept
    link.send([segment(9)])
    sink.wait_outcomes(6)
    smsc.drop()
    assert "next try in 0 s" in sink.wait_state(LinkState.DOWN, times=6)
    sink.wait_state(LinkState.UP, times=7)


def test_a_peer_that_hangs_up_after_each_bind_is_called_ever_more_rarely(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    policy = RetryPolicy(first_s=0.01, longest_s=60, jitter=0, unbind_s=0.1)
    link = open_link(policy=policy)
    began = time.monotonic()
    for times in range(1, 6):
        sink.wait_state(LinkState.UP, times=times)
        smsc.drop()
        sink.wait_state(LinkState.DOWN, times=times)
    sink.wait_state(LinkState.UP, times=6)
    assert time.monotonic() - began > 0.01 * (1 + 2 + 4 + 8 + 16)
    link.send([segment(9)])
    sink.wait_outcomes(1)
    smsc.drop()
    assert "next try in 0 s" in sink.wait_state(LinkState.DOWN, times=6)


def test_a_peer_that_hung_up_after_its_bind_has_to_speak_before_it_gets_a_message(
    sink: RecordingSink,
) -> None:
    bind_resp, enquire_link_resp = HEADER.pack(17, 0x80000009, 0, 1) + b"\0", 0x80000015
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = SmppLink(settings(server.getsockname()[1]), sink, policy=QUICK)
        link.start()
        for _ in range(2):
            caller, _ = server.accept()
            with caller, caller.makefile("rb") as stream:
                read_pdu(stream)
                caller.sendall(bind_resp)
        sink.wait_state(LinkState.DOWN, times=2)
        caller, _ = server.accept()
        with caller, caller.makefile("rb") as stream:
            read_pdu(stream)
            caller.sendall(bind_resp)
            (_, command_id, _, sequence_number), _ = read_pdu(stream)
            assert (command_id, link.room()) == (0x15, 0)
            caller.sendall(HEADER.pack(16, enquire_link_resp, 0, sequence_number))
            sink.wait_state(LinkState.UP, times=2)
            assert link.room()
        link.stop(drain_s=0)
    assert [state for state, _ in sink.states].count(LinkState.UP) == 2


def read_pdu(stream: BinaryIO) -> tuple[tuple[int, ...], bytes]:
    """Read the next PDU that a link sends: its header, and the rest."""
    header = HEADER.unpack(stream.read(HEADER.size))
    return header, stream.read(header[0] - HEADER.size)


def test_an_operators_word_on_a_status_counts(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = refuse_with(0x0D)
    open_link(status_overrides={"0x0D": {"code": 30004}}).send([segment(1)])
    sink.wait_outcomes(1)
    result = sink.result_of(1)
    assert isinstance(result, TransportError)
    assert (result.code, result.permanent) == (ErrorCode.BLOCKED, True)
    assert LinkState.REFUSED not in [state for state, _ in sink.states]


# --- the form of what goes out and comes in ---------------------------------------------


@pytest.mark.parametrize("way", ["udh8", "udh16", "sar", "payload"])
def test_a_long_message_arrives_whole_whichever_way_it_goes(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener, way: str
) -> None:
    link = open_link(long_messages=way, default_alphabet="latin1")
    body = "Größe: é " * 40
    cut = link.split(body, Encoding.GSM)
    link.send(
        [
            segment(
                number,
                text=text,
                encoding=cut.encoding,
                part=number,
                parts=len(cut.texts),
                reference=0x0102,
            )
            for number, text in enumerate(cut.texts, start=1)
        ]
    )
    sink.wait_outcomes(len(cut.texts))
    arrived = [read_user_data(pdu) for pdu in smsc.submits]
    assert b"".join(data.octets for data in arrived).decode("latin-1") == body
    assert len(smsc.submits) == (1 if way == "payload" else 3)
    assert len({data.concatenation.reference for data in arrived}) == 1


def test_what_no_pdu_can_hold_fails_alone(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    link = open_link()
    link.send([segment(1, sender="x" * 30), segment(2)])
    sink.wait_outcomes(2)
    refused = sink.result_of(1)
    assert isinstance(refused, TransportError) and refused.permanent
    assert (refused.code, refused.raw[:10]) == (ErrorCode.UNKNOWN, "not sent: ")
    assert isinstance(sink.result_of(2), Accepted)
    assert len(smsc.submits) == 1


def test_receipts_are_read_by_the_links_own_tables(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    open_link(err_overrides={"011": 30005}, receipt_id_form="same")
    smsc.request(RECEIPT)
    sink.wait_reports(1)
    (receipt,) = sink.reports
    assert isinstance(receipt, Receipt)
    assert (receipt.code, receipt.remote_keys) == (ErrorCode.UNKNOWN_HANDSET, ("AB2",))
