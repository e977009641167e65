"""Messages from handsets, whole and spoilt, read again as the platform reads them."""

import pytest

from sms import text as sms_text
from sms.transports.base import Inbound
from sms.transports.simulator.handset import Manner, inbound, manner_of
from sms.transports.smpp.message import read_report
from sms.transports.smpp.receipts import ReceiptRules


def read(text: str, manner: Manner) -> list[Inbound]:
    reports = [
        read_report(delivery.pdu, rules=ReceiptRules(), alphabet="gsm", token=0)
        for delivery in inbound("1555", "7777", text, 0x0107, manner)
    ]
    return [report for report in reports if isinstance(report, Inbound)]


@pytest.mark.parametrize("text", ["long € " * 60, "длинный 😀 " * 30])
@pytest.mark.parametrize(("way", "reference"), [("udh8", 0x07), ("udh16", 0x0107), ("sar", 0x0107)])
def test_a_long_text_comes_in_parts(way: str, reference: int, text: str) -> None:
    parts = read(text, Manner(way))
    assert len(parts) > 2
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert {(part.scheme, part.reference) for part in parts} == {(way, reference)}
    assert sms_text.clean("".join(part.text for part in parts)) == text


def test_a_long_text_may_come_in_one_piece() -> None:
    (whole,) = read("long € " * 60, Manner("payload"))
    assert (whole.text, whole.parts) == ("long € " * 60, 1)


@pytest.mark.parametrize(
    ("data_coding", "text"),
    [
        (0, "ab€"),
        (1, "ab"),
        (3, "äb"),
        (5, "日本"),
        (6, "жб"),
        (8, "ж😀"),
        (0x0E, "한국"),
        (0xF1, "ab"),
    ],
)
def test_a_text_may_come_in_any_coding(data_coding: int, text: str) -> None:
    for body in (text, text * 100):
        parts = read(body, Manner(data_coding=data_coding))
        assert {part.raw for part in parts} == {f"data_coding 0x{data_coding:02X}"}
        assert sms_text.clean("".join(part.text for part in parts)) == body


def test_octets_that_are_no_text_are_written_in_hexadecimal() -> None:
    (part,) = read("00ff", Manner(data_coding=4))
    assert part.text == "00ff" and "no text" in part.remark


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        ("", b"\x1be\xff", "€\ufffd"),
        ("0", b"\x00", "@"),
        ("3", b"\xe4", "ä"),
        ("8", b"\x04", "\ufffd"),  # half a character, as no text could be
        ("0xF4", b"Hi", "4869"),
    ],
)
def test_octets_may_come_as_they_are_in_any_coding(
    data_coding: str, octets: bytes, text: str
) -> None:
    given = {"hex": "1", "data_coding": data_coding}
    (part,) = read(octets.hex(), manner_of(given))
    assert part.text == text
    parts = read(octets.hex() * 200, manner_of(given))
    assert len(parts) > 1 and parts[0].parts == len(parts)


def test_networks_lose_repeat_and_shuffle() -> None:
    given = {"missing": "2", "repeat": "1,3", "shuffle": "1", "way": "sar", "data_coding": "0x03"}
    parts = read("x" * 400, manner_of(given))
    assert sorted(part.part for part in parts) == [1, 1, 3, 3, 4]
    given = {"missing": "1,3,4", "way": "sar", "reference": "9"}
    (part,) = read("x" * 400, manner_of(given))
    assert (part.part, part.reference) == (2, 9)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"colour": "1"},
            "colour unknown; there are way, data_coding, hex, missing, repeat, shuffle, reference",
        ),
        ({"way": "pigeon"}, "way is one of udh8, udh16, sar, payload"),
        ({"data_coding": "0x100"}, "one octet"),
        ({"missing": "two"}, "not a whole number"),
    ],
)
def test_a_wrong_manner_is_refused_in_words(given: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        manner_of(given)


@pytest.mark.parametrize(("data_coding", "text"), [(3, "ж"), (4, "no hex"), (0, "ж")])
def test_a_text_that_its_coding_cannot_hold_is_refused(data_coding: int, text: str) -> None:
    with pytest.raises(ValueError):
        read(text, Manner(data_coding=data_coding))


def test_octets_that_are_not_in_hexadecimal_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="write the octets of data_coding 0x08 in hexadecimal"):
        read("no hex", Manner(data_coding=8, is_hex=True))
