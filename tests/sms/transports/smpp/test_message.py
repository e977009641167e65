"""Segments to PDUs, and what the peer says back; user data and addresses with them."""

import pytest

from sms import text as sms_text
from sms.text import Encoding
from sms.transports.base import Accepted, Inbound, LateAnswer, Outbound, TransportError
from sms.transports.smpp import long_messages, message
from sms.transports.smpp.address import destination_address, source_address
from sms.transports.smpp.codec import DeliverSm, GenericNack, Pdu, SubmitSm, SubmitSmResp, Tag
from sms.transports.smpp.message import (
    late_answer,
    read_report,
    relative_time,
    result_of,
)
from sms.transports.smpp.receipts import ReceiptRules
from sms.transports.smpp.user_data import Concatenation, UserData, read_user_data
from tests.sms.transports.contract import segment
from tests.sms.transports.smpp.conftest import settings

SAR = {
    Tag.SAR_MSG_REF_NUM: b"\x01\x02",
    Tag.SAR_TOTAL_SEGMENTS: b"\x03",
    Tag.SAR_SEGMENT_SEQNUM: b"\x02",
}


def submit_sm(outbound: Outbound, **values: object) -> SubmitSm:
    return message.submit_sm(outbound, settings(1, **values))


@pytest.mark.parametrize(
    ("sender", "value", "ton", "npi"),
    [
        ("15005550006", "15005550006", 1, 1),
        ("+15005550006", "15005550006", 1, 1),
        ("123", "123", 3, 0),
        ("12345678", "12345678", 3, 0),
        ("123456789", "123456789", 1, 1),
        ("12", "12", 1, 1),
        ("dev-test", "dev-test", 5, 0),
        ("1Bank", "1Bank", 5, 0),
        ("١٢٣", "١٢٣", 5, 0),
    ],
)
def test_a_senders_form_decides_its_type(sender: str, value: str, ton: int, npi: int) -> None:
    address = source_address(sender)
    assert (address.value, address.ton, address.npi) == (value, ton, npi)


@pytest.mark.parametrize("recipient", ["15551234567", "+15551234567"])
def test_a_recipient_is_an_international_number(recipient: str) -> None:
    address = destination_address(recipient)
    assert (address.value, address.ton, address.npi) == ("15551234567", 1, 1)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, ""),
        (-1, ""),
        (0.2, "000000000001000R"),
        (61, "000000000101000R"),
        (4 * 3600, "000000040000000R"),
        (86_399.5, "000001000000000R"),
        (48 * 3600, "000002000000000R"),
        (31 * 86_400, "000101000000000R"),
        (400 * 86_400, "010110000000000R"),
    ],
)
def test_validity_is_written_as_a_time_from_now(seconds: float, written: str) -> None:
    assert relative_time(seconds) == written


def test_a_short_segment_asks_for_a_receipt_and_has_no_header() -> None:
    pdu = submit_sm(segment(1, text="é@", expires_in_s=60))
    assert (pdu.short_message, pdu.data_coding, pdu.esm_class) == (b"\x05\x00", 0, 0)
    assert (pdu.registered_delivery, pdu.validity_period) == (1, "000000000100000R")


def test_a_part_has_its_header_and_says_so() -> None:
    pdu = submit_sm(segment(1, text="a", part=2, parts=2, reference=0x1FF))
    assert (pdu.short_message, pdu.esm_class) == (b"\x05\x00\x03\xff\x02\x02a", 0x40)


def test_a_part_may_have_a_16_bit_reference() -> None:
    outbound = segment(1, text="a", part=2, parts=3, reference=0x1FF)
    pdu = submit_sm(outbound, long_messages="udh16")
    assert (pdu.short_message, pdu.esm_class) == (b"\x06\x08\x04\x01\xff\x03\x02a", 0x40)


def test_a_part_may_be_told_by_tlvs() -> None:
    outbound = segment(1, text="a", part=2, parts=3, reference=0x1FF)
    pdu = submit_sm(outbound, long_messages="sar")
    assert (pdu.short_message, pdu.esm_class) == (b"a", 0)
    assert pdu.tlvs == {
        Tag.SAR_MSG_REF_NUM: b"\x00\xff",
        Tag.SAR_TOTAL_SEGMENTS: b"\x03",
        Tag.SAR_SEGMENT_SEQNUM: b"\x02",
    }


@pytest.mark.parametrize(
    ("text", "encoding", "is_payload"),
    [
        ("a" * 160, Encoding.GSM, False),
        ("a" * 161, Encoding.GSM, True),
        ("€" * 80, Encoding.GSM, False),
        ("€" * 81, Encoding.GSM, True),
        ("Ж" * 70, Encoding.UCS2, False),
        ("Ж" * 71, Encoding.UCS2, True),
    ],
)
def test_a_long_text_may_go_whole(text: str, encoding: Encoding, is_payload: bool) -> None:
    pdu = submit_sm(segment(1, text=text, encoding=encoding), long_messages="payload")
    assert (Tag.MESSAGE_PAYLOAD in pdu.tlvs, not pdu.short_message) == (is_payload, is_payload)
    octets = pdu.tlvs.get(Tag.MESSAGE_PAYLOAD, b"") + pdu.short_message
    assert sms_text.decode(octets, pdu.data_coding) == text
    assert pdu.esm_class == 0


@pytest.mark.parametrize(
    ("alphabet", "octets"), [("gsm", b"\x05\x00"), ("latin1", b"\xe9@"), ("ascii", None)]
)
def test_data_coding_0_is_what_the_peer_reads_it_as(alphabet: str, octets: bytes | None) -> None:
    outbound = segment(1, text="é@")
    if octets is None:
        with pytest.raises(UnicodeEncodeError):
            submit_sm(outbound, default_alphabet=alphabet)
    else:
        pdu = submit_sm(outbound, default_alphabet=alphabet)
        assert (pdu.short_message, pdu.data_coding) == (octets, 0)
    pdu = submit_sm(segment(1, text="Ж", encoding=Encoding.UCS2), default_alphabet=alphabet)
    assert (pdu.short_message, pdu.data_coding) == (b"\x04\x16", 8)


@pytest.mark.parametrize(
    ("alphabet", "body", "encoding", "split_encoding", "lengths"),
    [
        ("gsm", "€" * 81, Encoding.GSM, Encoding.GSM, [76, 5]),
        ("latin1", "é" * 161, Encoding.GSM, Encoding.GSM, [153, 8]),
        # What the alphabet lacks makes the whole message UCS-2, all its parts alike.
        ("latin1", "a" * 160 + "€", Encoding.GSM, Encoding.UCS2, [67, 67, 27]),
        ("ascii", "é" * 71, Encoding.GSM, Encoding.UCS2, [67, 4]),
        ("ascii", "a" * 160, Encoding.GSM, Encoding.GSM, [160]),
        ("ascii", "a" * 71, Encoding.UCS2, Encoding.UCS2, [67, 4]),
    ],
)
def test_a_message_is_cut_as_the_links_alphabet_has_it(
    alphabet: str, body: str, encoding: Encoding, split_encoding: Encoding, lengths: list[int]
) -> None:
    cut = long_messages.split(body, encoding, way="udh8", alphabet=alphabet)
    assert (cut.encoding, [len(text) for text in cut.texts]) == (split_encoding, lengths)


@pytest.mark.parametrize(
    ("way", "gsm", "ucs2"),
    [
        ("udh8", [153, 153, 14], [67, 67, 26]),
        ("udh16", [152, 152, 16], [66, 66, 28]),
        ("sar", [153, 153, 14], [67, 67, 26]),
        ("payload", [320], [160]),
    ],
)
def test_parts_leave_room_for_what_joins_them(way: str, gsm: list[int], ucs2: list[int]) -> None:
    for body, encoding, lengths in (
        ("a" * 320, Encoding.GSM, gsm),
        ("Ж" * 160, Encoding.UCS2, ucs2),
    ):
        cut = long_messages.split(body, encoding, way=way, alphabet="gsm")
        assert [len(text) for text in cut.texts] == lengths
        for number, text in enumerate(cut.texts, start=1):
            part = segment(1, text=text, encoding=encoding, part=number, parts=len(cut.texts))
            pdu = submit_sm(part, long_messages=way)
            user_data = read_user_data(pdu)
            assert sms_text.decode(user_data.octets, pdu.data_coding) == text
            concatenation = user_data.concatenation
            assert (concatenation.part, concatenation.parts) == (number, len(cut.texts))


def test_a_link_may_override_what_a_submit_says() -> None:
    pdu = submit_sm(
        segment(1, sender="dev", expires_in_s=60),
        service_type="CMT",
        source_ton=0,
        source_npi=1,
        dest_ton=2,
        dest_npi=8,
        registered_delivery=2,
        send_validity=False,
    )
    assert (pdu.source_addr_ton, pdu.source_addr_npi) == (0, 1)
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi) == (2, 8)
    assert (pdu.service_type, pdu.registered_delivery, pdu.validity_period) == ("CMT", 2, "")


@pytest.mark.parametrize(
    ("alphabet", "data_coding", "text"), [("gsm", 0, "Ü"), ("latin1", 0, "^"), ("latin1", 3, "^")]
)
def test_what_comes_in_is_read_in_the_same_alphabet(
    alphabet: str, data_coding: int, text: str
) -> None:
    pdu = DeliverSm(source_addr="1", data_coding=data_coding, short_message=b"^")
    report = read_report(pdu, rules=ReceiptRules(), alphabet=alphabet, token=1)
    assert isinstance(report, Inbound) and report.text == text


def test_the_longest_part_fits_its_pdu() -> None:
    pdu = submit_sm(segment(1, text="€" * 76, part=1, parts=2))
    assert len(pdu.short_message) == 158
    pdu = submit_sm(segment(1, text="Ж" * 67, encoding=Encoding.UCS2, part=1, parts=2))
    assert len(pdu.short_message) == 140


@pytest.mark.parametrize(
    ("pdu", "expected"),
    [
        (DeliverSm(short_message=b"hi"), UserData(b"hi")),
        (DeliverSm(), UserData(b"")),
        (DeliverSm(tlvs={Tag.MESSAGE_PAYLOAD: b"hi"}), UserData(b"hi")),
        (
            DeliverSm(short_message=b"hi", tlvs={Tag.MESSAGE_PAYLOAD: b"no"}),
            UserData(b"hi"),
        ),
        (
            DeliverSm(esm_class=0x40, short_message=b"\x05\x00\x03\x07\x03\x02hi"),
            UserData(b"hi", Concatenation(7, 3, 2, "udh8")),
        ),
        (
            DeliverSm(esm_class=0x40, short_message=b"\x06\x08\x04\x01\x02\x03\x02hi"),
            UserData(b"hi", Concatenation(0x0102, 3, 2, "udh16")),
        ),
        (
            DeliverSm(esm_class=0x40, short_message=b"\x09\x24\x02\x00\x00\x00\x03\x07\x03\x02hi"),
            UserData(b"hi", Concatenation(7, 3, 2, "udh8")),
        ),
        (
            DeliverSm(esm_class=0x40, tlvs={Tag.MESSAGE_PAYLOAD: b"\x05\0\x03\x07\x03\x02hi"}),
            UserData(b"hi", Concatenation(7, 3, 2, "udh8")),
        ),
        (
            DeliverSm(short_message=b"hi", tlvs=SAR),
            UserData(b"hi", Concatenation(0x0102, 3, 2, "sar")),
        ),
        # The header is there, and is not about parts.
        (
            DeliverSm(esm_class=0x40, short_message=b"\x03\x24\x01\x01hi", tlvs=SAR),
            UserData(b"hi", Concatenation(0x0102, 3, 2, "sar")),
        ),
        # A peer that counts further than a header could.
        (
            DeliverSm(short_message=b"hi", tlvs={**SAR, Tag.SAR_TOTAL_SEGMENTS: b"\x01\x00"}),
            UserData(b"hi"),
        ),
        # Headers that cannot be read, or that say nothing sensible.
        (DeliverSm(esm_class=0x40, short_message=b"\x30hi"), UserData(b"\x30hi")),
        (DeliverSm(esm_class=0x40), UserData(b"")),
        (DeliverSm(esm_class=0x40, short_message=b"\x05\0\x03\x07\x02\x03hi"), UserData(b"hi")),
        (DeliverSm(esm_class=0x40, short_message=b"\x05\0\x03\x07\x02\x00hi"), UserData(b"hi")),
        (DeliverSm(esm_class=0x40, short_message=b"\x04\0\x09\x07\x02hi"), UserData(b"hi")),
        (
            DeliverSm(short_message=b"\x05\0\x03\x07\x03\x02hi"),
            UserData(b"\x05\0\x03\x07\x03\x02hi"),
        ),
        (
            DeliverSm(short_message=b"hi", tlvs={Tag.SAR_MSG_REF_NUM: b"\x01\x02"}),
            UserData(b"hi"),
        ),
    ],
)
def test_user_data_comes_without_its_header(pdu: DeliverSm, expected: UserData) -> None:
    assert read_user_data(pdu) == expected


def test_a_message_is_not_taken_for_a_receipt() -> None:
    pdu = DeliverSm(source_addr="1", destination_addr="2", short_message=b"id: yes")
    report = read_report(pdu, rules=ReceiptRules(), alphabet="gsm", token=9)
    assert isinstance(report, Inbound)
    assert (report.text, report.token, report.part, report.parts) == ("id: yes", 9, 1, 1)


@pytest.mark.parametrize(
    ("response", "late"),
    [
        (SubmitSmResp(message_id="00aB"), LateAnswer(1, "ESME_ROK (0x00000000)", "00aB", "AB")),
        (SubmitSmResp(command_status=0x0B), LateAnswer(1, "ESME_RINVDSTADR (0x0000000B)")),
    ],
)
def test_a_late_answer_says_what_the_peer_said(response: Pdu, late: LateAnswer) -> None:
    assert late_answer(1, response) == late


def test_an_answer_without_an_id_is_still_a_yes() -> None:
    assert result_of(SubmitSmResp(), {}) == Accepted("", "")


@pytest.mark.parametrize(
    "response", [SubmitSmResp(command_status=0x0B), GenericNack(command_status=3), GenericNack()]
)
def test_anything_else_is_a_no(response: Pdu) -> None:
    assert isinstance(result_of(response, {}), TransportError)


@pytest.mark.parametrize(
    ("data_coding", "octets", "text", "remark"),
    [
        (0x00, b"\x00\x1be", "@€", ""),
        (0x01, b"a", "a", ""),
        (0x03, b"\xe4", "ä", ""),
        (0x08, b"\x04\x36", "ж", ""),
        (0x08, b"\xd8\x3d", "\ud83d", ""),  # the other half is in the next part
        (0x05, "日本".encode("shift_jis"), "日本", ""),
        (0x0A, "日本".encode("iso2022_jp"), "日本", ""),
        (0x0E, "한국".encode("euc_kr"), "한국", ""),
        (0x04, b"\x00\xff", "00ff", "data_coding 0x04 is no text; its octets in hexadecimal"),
        (0xF5, b"\x00\xff", "00ff", "data_coding 0xF5 is no text; its octets in hexadecimal"),
    ],
)
def test_a_message_is_read_in_its_coding_and_never_refused(
    data_coding: int, octets: bytes, text: str, remark: str
) -> None:
    pdu = DeliverSm(source_addr="1", data_coding=data_coding, short_message=octets)
    report = read_report(pdu, rules=ReceiptRules(), alphabet="gsm", token=9)
    assert isinstance(report, Inbound)
    assert (report.text, report.remark) == (text, remark)


def test_what_coding_0_means_is_the_links_to_say() -> None:
    pdu = DeliverSm(source_addr="1", data_coding=0, short_message=b"@\xe4")
    report = read_report(pdu, rules=ReceiptRules(), alphabet="latin1", token=9)
    assert isinstance(report, Inbound) and report.text == "@ä"
