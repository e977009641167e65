"""Octets in, PDUs out, and back; smpplib's own writer is the oracle."""

import random
import struct
from contextlib import suppress
from typing import Any

import pytest
from smpplib import command as oracle

from sms.transports.smpp import codec
from sms.transports.smpp.codec import CommandStatus, Tag

RECEIPT = codec.DeliverSm(
    sequence_number=7,
    source_addr_ton=1,
    source_addr_npi=1,
    source_addr="15551234567",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="15005550006",
    esm_class=4,
    short_message=b"id:ABC123 sub:001 dlvrd:001 stat:DELIVRD err:000 text:",
    tlvs={
        Tag.RECEIPTED_MESSAGE_ID: b"ABC123\0",
        Tag.MESSAGE_STATE: b"\x02",
        Tag.NETWORK_ERROR_CODE: b"\x03\x00\x00",
        0x1401: b"a vendor's own",
    },
)

EVERY_COMMAND = [
    codec.BindTransceiver(system_id="esme", password="secret", system_type="VMA", addr_ton=1),
    codec.BindTransmitter(system_id="esme", password="secret", address_range="1555"),
    codec.BindReceiver(system_id="esme", interface_version=0x33),
    codec.BindTransceiverResp(system_id="smsc", tlvs={Tag.SC_INTERFACE_VERSION: b"\x34"}),
    codec.BindTransmitterResp(system_id="smsc"),
    codec.BindReceiverResp(system_id="smsc"),
    codec.SubmitSm(
        service_type="CMT",
        source_addr_ton=5,
        source_addr="dev-test",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="15551234567",
        esm_class=0x40,
        protocol_id=1,
        priority_flag=2,
        validity_period="000001000000000R",
        registered_delivery=1,
        data_coding=8,
        short_message=b"\x05\x00\x03\x01\x02\x01" + "é".encode("utf-16-be"),
        tlvs={0x1401: b"x"},
    ),
    codec.SubmitSmResp(message_id="1795356249"),
    RECEIPT,
    codec.DeliverSmResp(),
    codec.DataSm(source_addr="1", destination_addr="2", tlvs={Tag.MESSAGE_PAYLOAD: b"y" * 60_000}),
    codec.DataSmResp(message_id="9"),
    codec.QuerySm(message_id="9", source_addr="1"),
    codec.QuerySmResp(message_id="9", final_date="", message_state=2, error_code=5),
    codec.Unbind(),
    codec.UnbindResp(),
    codec.EnquireLink(),
    codec.EnquireLinkResp(),
    codec.GenericNack(command_status=3),
]


def pdu_octets(
    command_id: int, body: bytes = b"", *, command_status: int = 0, sequence_number: int = 5
) -> bytes:
    header = struct.pack(">LLLL", 16 + len(body), command_id, command_status, sequence_number)
    return header + body


def deliver_sm(short_message: bytes = b"", tail: bytes = b"") -> bytes:
    addresses = b"\0\x01\x01447700900001\0\x01\x0115005550006\0"
    body = addresses + b"\0\0\0\0\0\0\0\0\0"
    return pdu_octets(5, body + bytes([len(short_message)]) + short_message + tail)


ID, STATE = b"\x00\x1e\x00\x03ABC", b"\x04\x27\x00\x01\x02"
"""TLVs: receipted_message_id and message_state."""


@pytest.mark.parametrize("pdu", EVERY_COMMAND, ids=lambda pdu: pdu.name)
def test_every_command_survives_the_journey_to_octets_and_back(pdu: codec.Pdu) -> None:
    pdu.sequence_number = 0x7FFFFFFF
    assert codec.decode(codec.encode(pdu)) == pdu


class OracleClock:
    """Hands smpplib the one sequence number these tests use."""

    sequence = 5

    def next_sequence(self) -> int:
        return self.sequence


def test_submit_sm_has_the_octets_that_smpplib_writes() -> None:
    fields: dict[str, Any] = {
        "source_addr_ton": 1,
        "source_addr_npi": 1,
        "source_addr": "15005550006",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": "15551234567",
        "esm_class": 0x40,
        "validity_period": "000001000000000R",
        "registered_delivery": 1,
        "data_coding": 8,
        "short_message": b"\x05\x00\x03\x01\x02\x01\x00A",
    }
    theirs = oracle.SubmitSM("submit_sm", client=OracleClock(), **fields).generate()
    assert codec.encode(codec.SubmitSm(sequence_number=5, **fields)) == theirs


def test_bind_has_the_octets_that_smpplib_writes() -> None:
    fields: dict[str, Any] = {"system_id": "esme", "password": "secret", "system_type": "VMA"}
    theirs = oracle.BindTransceiver("bind_transceiver", client=OracleClock(), **fields).generate()
    assert codec.encode(codec.BindTransceiver(sequence_number=5, **fields)) == theirs


@pytest.mark.parametrize(
    ("pdu", "culprit"),
    [
        (codec.SubmitSm(destination_addr="1" * 21), "destination_addr"),
        (codec.SubmitSm(source_addr="1" * 21), "source_addr"),
        (codec.SubmitSm(source_addr="Ж"), "source_addr"),
        (codec.SubmitSm(source_addr="a\0b"), "source_addr"),
        (codec.SubmitSm(service_type="123456"), "service_type"),
        (codec.SubmitSm(validity_period="0" * 17), "validity_period"),
        (codec.SubmitSm(short_message=b"x" * 255), "short_message"),
        (codec.SubmitSm(data_coding=256), "data_coding"),
        (codec.SubmitSm(esm_class=-1), "esm_class"),
        (codec.SubmitSm(tlvs={0x10000: b""}), "TLV"),
        (codec.SubmitSm(tlvs={0x1401: b"x" * 65_536}), "TLV"),
        (codec.SubmitSm(tlvs={1: b"x" * 40_000, 2: b"x" * 40_000}), "70000"),
        (codec.SubmitSm(sequence_number=1 << 32), "sequence_number"),
        (codec.BindTransceiver(password="123456789"), "password"),
        (codec.BindTransceiver(system_id="1" * 16), "system_id"),
        (codec.BindTransceiver(system_type="1" * 13), "system_type"),
        (codec.SubmitSmResp(message_id="1" * 65), "message_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_value_that_does_not_fit_is_refused_and_never_cut(pdu: codec.Pdu, culprit: str) -> None:
    with pytest.raises(codec.InvalidField, match=culprit):
        codec.encode(pdu)


@pytest.mark.parametrize(
    "pdu",
    [
        codec.SubmitSm(destination_addr="1" * 20, source_addr="1" * 20, short_message=b"x" * 254),
        codec.BindTransceiver(system_id="1" * 15, password="12345678", system_type="1" * 12),
        codec.SubmitSmResp(message_id="1" * 64),
        codec.SubmitSm(tlvs={0x1401: b"x" * 65_535}),
    ],
    ids=lambda pdu: pdu.name,
)
def test_the_longest_values_of_the_standard_fit(pdu: codec.Pdu) -> None:
    assert codec.decode(codec.encode(pdu)) == pdu


def test_a_receipt_id_without_its_nul_keeps_its_last_character() -> None:
    pdu = codec.decode(deliver_sm(tail=b"\x00\x1e\x00\x06ABC123"))
    assert pdu.tlvs[Tag.RECEIPTED_MESSAGE_ID] == b"ABC123"


def test_an_integer_tlv_of_another_length_does_not_disturb_those_after_it() -> None:
    pdu = codec.decode(deliver_sm(tail=b"\x04\x27\x00\x04\0\0\0\2" + b"\x00\x1e\x00\x02A\0"))
    assert pdu.tlvs == {Tag.MESSAGE_STATE: b"\0\0\0\2", Tag.RECEIPTED_MESSAGE_ID: b"A\0"}


def test_tlvs_that_the_standard_does_not_have_there_are_kept() -> None:
    body = b"77\0" + b"\x04\x23\x00\x03\x03\x00\x01" + b"\x00\x1d\x00\x02hi" + b"\x14\x01\x00\x00"
    pdu = codec.decode(pdu_octets(0x80000004, body))
    assert isinstance(pdu, codec.SubmitSmResp)
    assert (pdu.message_id, pdu.tlvs) == ("77", {0x423: b"\3\0\1", 0x1D: b"hi", 0x1401: b""})


def test_a_stray_nul_after_the_message_is_ignored() -> None:
    pdu = codec.decode(deliver_sm(b"hello", tail=b"\0"))
    assert isinstance(pdu, codec.DeliverSm)
    assert (pdu.short_message, pdu.tlvs) == (b"hello", {})


@pytest.mark.parametrize(
    ("frame", "command_status"),
    [
        (deliver_sm(b"hello")[:-3], CommandStatus.INVALID_COMMAND_LENGTH),
        (pdu_octets(5), CommandStatus.INVALID_COMMAND_LENGTH),
        (pdu_octets(5, b"\0\x01\x01447700"), CommandStatus.INVALID_COMMAND_LENGTH),
        (pdu_octets(4, b"\0\1\1" + b"4" * 21 + b"\0"), 0x0A),
        (pdu_octets(4, b"\0\1\1\0\1\1" + b"4" * 21 + b"\0"), 0x0B),
        (pdu_octets(5, b"\0\1\1" + b"4" * 81 + b"\0"), 0x0A),
        (pdu_octets(5, b"\0\1\1\0\1\1\0\0\0\0\0\0\0\0\0"), CommandStatus.INVALID_COMMAND_LENGTH),
        (pdu_octets(5, deliver_sm(b"hello")[16:-2]), CommandStatus.INVALID_MESSAGE_LENGTH),
        (deliver_sm(tail=b"\x00\x1e\x00\x09ABC"), CommandStatus.INVALID_TLV_STREAM),
        (deliver_sm(tail=ID + STATE[:-1]), CommandStatus.INVALID_TLV_STREAM),
        (deliver_sm(b"Hel", tail=b"\x04\x24\x00\x09Hello"), CommandStatus.INVALID_TLV_STREAM),
        (pdu_octets(4, deliver_sm(b"Hi", tail=ID[:-1])[16:]), CommandStatus.INVALID_TLV_STREAM),
        (pdu_octets(9, b"esme\x00123456789\0"), 0x0E),
        (pdu_octets(0x80000003, b"no end"), CommandStatus.INVALID_COMMAND_LENGTH),
    ],
)
def test_a_broken_pdu_says_what_to_answer_and_to_which_sequence(
    frame: bytes, command_status: int
) -> None:
    with pytest.raises(codec.MalformedPdu) as caught:
        codec.decode(frame)
    command_id, sequence_number = struct.unpack_from(">4xL4xL", frame)
    assert caught.value.command_status == command_status
    assert (caught.value.command_id, caught.value.sequence_number) == (command_id, sequence_number)


@pytest.mark.parametrize(
    ("frame", "tlvs"),
    [
        (deliver_sm(b"id:7 stat:DELIVRD err:000", tail=STATE + ID[:-1]), {0x427: b"\2"}),
        (deliver_sm(b"Hello", tail=b"\x02\x0c\x00\x02\x01"), {}),
        (deliver_sm(tail=ID + STATE + b"\x04\x23\x00\x03\x03"), {0x1E: b"ABC", 0x427: b"\2"}),
        (deliver_sm(tail=b"\x04\x24\x00\x05Hello" + STATE[:-1]), {0x424: b"Hello"}),
    ],
    ids=["a receipt by text", "a message", "a receipt by TLVs", "a payload"],
)
def test_what_can_be_read_without_its_cut_tlv_is_taken(
    frame: bytes, tlvs: dict[int, bytes]
) -> None:
    assert codec.decode(frame).tlvs == tlvs


@pytest.mark.parametrize("command_id", [0x0B, 0x21, 0x80000021, 0x07, 0x08, 0x102, 0xDEAD])
def test_an_unknown_command_is_told_apart(command_id: int) -> None:
    with pytest.raises(codec.UnknownCommand) as caught:
        codec.decode(pdu_octets(command_id, b"whatever"))
    assert caught.value.command_status == CommandStatus.INVALID_COMMAND_ID


@pytest.mark.parametrize("frame", [b"", b"\0\0\0\x10", b"\0\0\0\x11" + b"\0" * 12])
def test_octets_that_are_no_whole_pdu_are_malformed(frame: bytes) -> None:
    with pytest.raises(codec.MalformedPdu):
        codec.decode(frame)


def test_an_answer_may_leave_its_body_out() -> None:
    assert codec.decode(pdu_octets(0x80000005)) == codec.DeliverSmResp(sequence_number=5)


def test_a_refusal_counts_whatever_follows_its_header() -> None:
    pdu = codec.decode(pdu_octets(0x80000003, b"no end", command_status=0x67))
    assert pdu == codec.QuerySmResp(sequence_number=5, command_status=0x67)


@pytest.mark.parametrize(
    ("body", "message_id"),
    [
        (b"no end", "no end"),
        (b"i" * 65 + b"\0", "i" * 65),
        (b"i" * 300, "i" * 300),
        (b"77\0\x14\x00\x00\x09cut", "77"),
    ],
    ids=["no NUL", "one too long", "far too long", "a TLV past the end"],
)
def test_a_careless_answer_to_a_submit_still_names_the_message(
    body: bytes, message_id: str
) -> None:
    pdu = codec.decode(pdu_octets(0x80000004, body))
    assert pdu == codec.SubmitSmResp(sequence_number=5, message_id=message_id)


@pytest.mark.parametrize("body", [b"an SMSC of many words\0", b"no end"], ids=["long", "no NUL"])
@pytest.mark.parametrize("command_id", [0x80000001, 0x80000002, 0x80000009])
def test_a_careless_answer_to_a_bind_is_one(command_id: int, body: bytes) -> None:
    pdu = codec.decode(pdu_octets(command_id, body))
    assert isinstance(pdu, codec.BindResp)
    assert pdu.system_id == body.rstrip(b"\0").decode()


def test_what_is_delivered_may_have_longer_strings_than_the_standard() -> None:
    texts = [b"SERVICE", b"\1\1" + b"4" * 80, b"\1\1" + b"5" * 80]
    fields = b"\0".join([*texts, b"\4\0\0", b"2611222359", b""])
    pdu = codec.decode(pdu_octets(5, fields + b"\0\0\0\0\2Hi"))
    assert isinstance(pdu, codec.DeliverSm)
    assert (pdu.service_type, pdu.source_addr, pdu.destination_addr, pdu.short_message) == (
        *("SERVICE", "4" * 80, "5" * 80),
        b"Hi",
    )


def test_octets_behind_a_request_without_a_body_do_not_matter() -> None:
    for command_id, kind in ((0x15, codec.EnquireLink), (0x06, codec.Unbind)):
        assert codec.decode(pdu_octets(command_id, b"are you there?")) == kind(sequence_number=5)


def test_a_refused_submit_is_answered_without_a_body() -> None:
    pdu = codec.SubmitSmResp(command_status=0x0B, message_id="1")
    assert len(codec.encode(pdu)) == 16


@pytest.mark.parametrize(
    ("command_id", "answer"),
    [
        (0x04, codec.SubmitSmResp),
        (0x05, codec.DeliverSmResp),
        (0x09, codec.BindTransceiverResp),
        (0xDEAD, codec.GenericNack),
        (0x80000000, codec.GenericNack),
    ],
)
def test_a_refusal_is_the_commands_own_response_or_a_generic_nack(
    command_id: int, answer: type[codec.Pdu]
) -> None:
    assert codec.plain_response(command_id, 5, 8) == answer(sequence_number=5, command_status=8)


def test_reprs_show_neither_password_nor_number_nor_text() -> None:
    bind = codec.BindTransceiver(system_id="esme", password="secret")
    submit = codec.SubmitSm(destination_addr="15551234567", short_message=b"private")
    assert repr(bind) == "<bind_transceiver 0 status 0x00>"
    assert repr(submit) == "<submit_sm 0 status 0x00>"


@pytest.mark.parametrize(("command_id", "name"), [(5, "deliver_sm"), (0xDEAD, "0x0000DEAD")])
def test_a_command_is_named_as_the_standard_does(command_id: int, name: str) -> None:
    assert codec.command_name(command_id) == name


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """Flip, cut, double or insert a few octets; mostly mend command_length after."""
    frame = bytearray(octets)
    for _ in range(chance.randint(1, 4)):
        position = chance.randrange(len(frame))
        match chance.randrange(4):
            case 0:
                frame[position] = chance.randrange(256)
            case 1 if len(frame) > 17:
                del frame[max(position, 16) :]
            case 2:
                frame[position:position] = bytes(chance.choices(range(256), k=3))
            case _:
                frame += frame[position : position + 9]
    if chance.random() < 0.8:
        frame[:4] = len(frame).to_bytes(4, "big")
    return bytes(frame)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_pdus_are_read_or_malformed_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    small = [pdu for pdu in EVERY_COMMAND if not isinstance(pdu, codec.DataSm)]
    read = 0
    for _ in range(5_000):
        try:
            pdu = codec.decode(mutated(codec.encode(chance.choice(small)), chance))
        except codec.MalformedPdu:
            continue
        with suppress(codec.InvalidField):  # longer than what we write ourselves
            codec.encode(pdu)
        read += 1
    assert 500 < read < 4_500
