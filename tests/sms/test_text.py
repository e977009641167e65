import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.text import (
    Encoding,
    UnsupportedCoding,
    choose,
    clean,
    concat_udh,
    count_segments,
    cut_utf8,
    decode,
    encode,
    segments,
)

GSM, UCS2 = Encoding.GSM, Encoding.UCS2

# Code points rather than characters: a table of its own beside the one under test.
SEPTETS = {
    0x40: 0x00, 0xA3: 0x01, 0x24: 0x02, 0xA5: 0x03, 0xE8: 0x04, 0xE9: 0x05, 0xF9: 0x06,
    0xEC: 0x07, 0xF2: 0x08, 0xC7: 0x09, 0x0A: 0x0A, 0xD8: 0x0B, 0xF8: 0x0C, 0x0D: 0x0D,
    0xC5: 0x0E, 0xE5: 0x0F, 0x394: 0x10, 0x5F: 0x11, 0x3A6: 0x12, 0x393: 0x13, 0x39B: 0x14,
    0x3A9: 0x15, 0x3A0: 0x16, 0x3A8: 0x17, 0x3A3: 0x18, 0x398: 0x19, 0x39E: 0x1A, 0xC6: 0x1C,
    0xE6: 0x1D, 0xDF: 0x1E, 0xC9: 0x1F, 0xA4: 0x24, 0xA1: 0x40, 0xC4: 0x5B, 0xD6: 0x5C,
    0xD1: 0x5D, 0xDC: 0x5E, 0xA7: 0x5F, 0xBF: 0x60, 0xE4: 0x7B, 0xF6: 0x7C, 0xF1: 0x7D,
    0xFC: 0x7E, 0xE0: 0x7F,
    **{point: point for point in range(0x20, 0x7B) if chr(point) not in "$@[\\]^_`"},
}  # fmt: skip
ESCAPED = {
    0x0C: 0x0A, 0x5E: 0x14, 0x7B: 0x28, 0x7D: 0x29, 0x5C: 0x2F,
    0x5B: 0x3C, 0x7E: 0x3D, 0x5D: 0x3E, 0x7C: 0x40, 0x20AC: 0x65,
}  # fmt: skip
OCTETS = {chr(point): bytes([septet]) for point, septet in SEPTETS.items()} | {
    chr(point): bytes([0x1B, septet]) for point, septet in ESCAPED.items()
}

gsm_texts = st.text(alphabet=sorted(OCTETS), max_size=700)
any_texts = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("€[👩👧\u200d\ufe0fé\u0301🇩🇪ab")),
    max_size=400,
)

FAMILY = "👩‍👩‍👧‍👦"  # 11 code units
FLAG = "🇩🇪"  # 4 code units


def test_the_alphabet_has_its_127_and_10_characters() -> None:
    assert (len(SEPTETS), len(ESCAPED)) == (127, 10)


@pytest.mark.parametrize(("char", "octets"), OCTETS.items(), ids=ascii)
def test_a_gsm_character_has_its_septets(char: str, octets: bytes) -> None:
    assert choose(char) is GSM
    assert encode(char, GSM) == octets
    assert decode(octets, 0) == char


def test_no_other_character_is_gsm() -> None:
    others = {chr(point) for point in range(0x3000)} - set(OCTETS)
    assert {char for char in others if choose(char) is GSM} == set()
    for char in others:
        with pytest.raises(UnicodeEncodeError):
            encode(char, GSM)


@pytest.mark.parametrize("char", ["ê", "`", "ç", "\x1b", "\0", "ж", "😀", "\ufffd"])
def test_one_foreign_character_makes_the_text_ucs2(char: str) -> None:
    assert choose(f"Hello {char}") is UCS2


def test_empty_text_is_gsm() -> None:
    assert choose("") is GSM


def test_ucs2_is_big_endian_with_surrogate_pairs() -> None:
    assert encode("ж😀", UCS2) == b"\x04\x36\xd8\x3d\xde\x00"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("\ud83d", "\ufffd"),
        ("a\ud83db", "a\ufffdb"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ude00", "😀"),
    ],
    ids=ascii,
)
def test_lone_surrogates_are_replaced_and_pairs_joined(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert encode(text, UCS2) == cleaned.encode("utf-16-be")
    assert segments(text) == [cleaned]


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("", [0]),
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("a" * 158 + "€", [159]),
        ("a" * 159 + "€", [153, 7]),
        ("€" * 80, [80]),
        ("€" * 81, [76, 5]),
        ("a" * 152 + "€" * 5, [152, 5]),
        ("a" * 151 + "€" * 5, [152, 4]),
        ("a" * 152 + "\r\n" * 5, [153, 9]),
        ("ж" * 70, [70]),
        ("ж" * 71, [67, 4]),
        ("ж" * 134, [67, 67]),
        ("ж" * 135, [67, 67, 1]),
        ("ж" * 66 + "😀" * 3, [66, 3]),
        ("ж" * 65 + "😀" * 3, [66, 2]),
        ("ж" * 68 + "😀", [69]),
        ("ж" * 69 + "😀", [67, 3]),
    ],
)
def test_texts_are_cut_at_the_edges(text: str, lengths: list[int]) -> None:
    assert [len(part) for part in segments(text)] == lengths
    assert count_segments(text) == len(lengths)


def test_a_gsm_text_can_be_cut_as_ucs2() -> None:
    assert [len(part) for part in segments("a" * 71, UCS2)] == [67, 4]


@pytest.mark.parametrize(
    "grapheme",
    [FAMILY, FLAG, "e\u0301", "👍🏽", "क्ष", "각", "❤️", "🏴󠁧󠁢󠁷󠁬󠁳󠁿"],
    ids=ascii,
)
@pytest.mark.parametrize("before", range(50, 67))
def test_a_grapheme_stays_whole(grapheme: str, before: int) -> None:
    parts = segments("ж" * before + grapheme + "ж" * 20)
    assert sum(grapheme in part for part in parts) == 1


def test_a_row_of_flags_is_cut_between_flags() -> None:
    assert [len(part) for part in segments("ж" * 2 + FLAG * 20)] == [2 + 2 * 16, 2 * 4]


def test_a_grapheme_longer_than_a_part_is_cut_all_the_same() -> None:
    assert [len(part) for part in segments("e" + "\u0301" * 99)] == [67, 33]


def _limit(encoding: Encoding, parts: int) -> int:
    return {(GSM, True): 160, (GSM, False): 153, (UCS2, True): 140, (UCS2, False): 134}[
        encoding, parts == 1
    ]


@given(st.one_of(gsm_texts, any_texts))
def test_parts_join_to_the_text_and_fit(text: str) -> None:
    encoding = choose(text)
    parts = segments(text)
    octets = [encode(part, encoding) for part in parts]
    assert "".join(parts) == clean(text)
    assert b"".join(octets) == encode(text, encoding)
    assert all(len(part) <= _limit(encoding, len(parts)) for part in octets)
    assert all(octets) or text == ""


@given(any_texts)
def test_no_part_begins_inside_a_grapheme_that_would_fit(text: str) -> None:
    for part in segments(text, UCS2)[1:]:
        if unicodedata.combining(part[0]) or part[0] in "\u200d\ufe0f":
            # Only a grapheme that fills a whole part is cut.
            assert any(len(encode(whole, UCS2)) >= 133 for whole in segments(text, UCS2)[:-1])


@given(gsm_texts)
def test_gsm_round_trip(text: str) -> None:
    assert decode(encode(text, GSM), 0) == text


@given(any_texts)
def test_ucs2_round_trip(text: str) -> None:
    assert decode(encode(text, UCS2), 8) == clean(text)


@pytest.mark.parametrize(
    ("data_coding", "data", "text"),
    [
        (0x00, b"\x00\x1be", "@€"),
        (0x00, b"a\x80b\xff", "a\ufffdb\ufffd"),
        (0x00, b"a\x1b", "a "),
        (0x00, b"\x1b\x1be", " e"),
        (0x00, b"\x1ba", "a"),
        (0x01, b"a`\xe4", "a`\ufffd"),
        (0x03, b"\xe4`", "ä`"),
        (0x06, b"\xd6", "ж"),
        (0x07, b"\xe0", "א"),
        (0x08, b"\x04\x36\xd8\x3d\xde\x00", "ж😀"),
        (0x08, b"\x04\x36\x04", "ж\ufffd"),
        (0x08, b"\xd8\x3d\x04\x36", "\ufffdж"),
        (0x10, b"\x00", "@"),
        (0x18, b"\x04\x36", "ж"),
        (0x48, b"\x04\x36", "ж"),
        (0xC8, b"\x00", "@"),
        (0xD0, b"\x00", "@"),
        (0xE0, b"\x04\x36", "ж"),
        (0xF0, b"\x00", "@"),
        (0xF1, b"\x00", "@"),
    ],
)
def test_octets_are_read_by_their_coding(data_coding: int, data: bytes, text: str) -> None:
    assert decode(data, data_coding) == text


@pytest.mark.parametrize("data_coding", [0x02, 0x04, 0x0B, 0x14, 0x20, 0x80, 0xF5, 0x100])
def test_binary_and_reserved_codings_are_unsupported(data_coding: int) -> None:
    with pytest.raises(UnsupportedCoding, match=f"0x{data_coding:02X}"):
        decode(b"abc", data_coding)


@given(
    st.binary(max_size=300),
    st.sampled_from([0, 1, 3, 5, 6, 7, 8, 0xA, 0xE, 0x18, 0xC0, 0xE0, 0xF0]),
)
def test_no_octets_make_decode_fail(data: bytes, data_coding: int) -> None:
    decode(data, data_coding).encode()


@pytest.mark.parametrize(
    ("reference", "part", "parts", "udh"),
    [
        (1, 1, 2, "050003010201"),
        (255, 255, 255, "050003ffffff"),
        (256, 2, 3, "050003000302"),
        (65535, 1, 2, "050003ff0201"),
    ],
)
def test_udh_has_an_8_bit_reference(reference: int, part: int, parts: int, udh: str) -> None:
    assert concat_udh(reference, part, parts) == bytes.fromhex(udh)


def test_more_parts_than_the_udh_can_count_are_refused() -> None:
    with pytest.raises(ValueError, match="range"):
        concat_udh(0, 1, 256)


@pytest.mark.parametrize(
    ("body", "octets", "parts"),
    [
        ("", 5, []),
        ("abcde", 5, ["abcde"]),
        ("abcdef", 5, ["abcde", "f"]),
        ("aaaaü", 5, ["aaaa", "ü"]),
        ("a👩‍👩‍👧b", 19, ["a👩‍👩‍👧", "b"]),
        ("aa👩‍👩‍👧b", 19, ["aa", "👩‍👩‍👧b"]),
    ],
)
def test_a_text_is_cut_by_octets_between_graphemes(
    body: str, octets: int, parts: list[str]
) -> None:
    assert cut_utf8(body, octets) == parts
