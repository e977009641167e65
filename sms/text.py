"""GSM 03.38 and UCS-2: which one a text needs, its octets, its segments. Pure."""

import re
import unicodedata
from enum import StrEnum


class Encoding(StrEnum):
    """How the characters of a message travel. Source: 3GPP TS 23.038 §4."""

    GSM = "gsm"
    UCS2 = "ucs2"


class UnsupportedCoding(ValueError):
    """A data_coding whose octets are not characters that we can read."""


_ESC = "\x1b"
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
"""The default alphabet, in the order of its septets. Source: 3GPP TS 23.038 §6.2.1."""

_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
"""What follows an escape septet. Source: 3GPP TS 23.038 §6.2.1.1."""

_REPLACEMENT = "\ufffd"
SINGLE_OCTETS = {Encoding.GSM: 160, Encoding.UCS2: 140}
"""What `encode` may make of a text that travels in one part."""
_USER_DATA_OCTETS = 140
"""Source: 3GPP TS 23.040 §9.2.3.16."""
UDH_OCTETS = 6
"""Of the header of a part with an 8-bit reference: leaves 153 septets, 67 code units."""
UDH_16_BIT_OCTETS = 7
"""Of the header of a part with a 16-bit reference: leaves 152 septets, 66 code units."""

_GSM_TEXT = re.compile(
    "[" + re.escape(_BASIC.replace(_ESC, "") + "".join(_EXTENSION.values())) + "]*"
)

# An ASCII character that GSM lacks must not pass for the septet of its number.
_TO_GSM: dict[int, str] = {
    **dict.fromkeys(range(0x80), _REPLACEMENT),
    **{ord(char): chr(septet) for septet, char in enumerate(_BASIC) if char != _ESC},
    **{ord(char): _ESC + chr(septet) for septet, char in _EXTENSION.items()},
}

_ESCAPED = re.compile(_ESC + "(.)", re.DOTALL)
_EXTENDED = 0x100
# A receiver shows an escape it does not know as a space, and an escaped septet without
# an entry as the default alphabet has it. Source: 3GPP TS 23.038 §6.2.1.
_DISPLAY = _BASIC.replace(_ESC, " ") + _REPLACEMENT * 0x80
_FROM_GSM: dict[int, str] = {
    **dict(enumerate(_DISPLAY)),
    **{_EXTENDED + octet: char for octet, char in enumerate(_DISPLAY)},
    **{_EXTENDED + septet: char for septet, char in _EXTENSION.items()},
}


def clean(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")
    return text


def choose(text: str) -> Encoding:
    """Take GSM where it has every character, else UCS-2."""
    return Encoding.GSM if _GSM_TEXT.fullmatch(text) else Encoding.UCS2


def encode(text: str, encoding: Encoding) -> bytes:
    """Write a text as octets: one septet an octet, or UTF-16 big-endian.

    Raises UnicodeEncodeError for a character that GSM lacks.
    Source: 3GPP TS 23.038 §6.2.
    """
    if encoding is Encoding.GSM:
        return text.translate(_TO_GSM).encode("ascii")
    return clean(text).encode("utf-16-be")


def segments(
    text: str, encoding: Encoding | None = None, *, header_octets: int = UDH_OCTETS
) -> list[str]:
    """Cut a text into the parts that travel one by one; a short text is one part.

    Raises UnicodeEncodeError for a character that `encoding` lacks.
    Source: 3GPP TS 23.040 §9.2.3.24.1, §9.2.3.24.8.
    """
    text = clean(text)
    encoding = encoding or choose(text)
    octets = encode(text, encoding)
    if len(octets) <= SINGLE_OCTETS[encoding]:
        return [text]
    room = _USER_DATA_OCTETS - header_octets
    if encoding is Encoding.GSM:
        return _cut_gsm(octets, room * 8 // 7)
    return _cut_ucs2(text, octets, room - room % 2)


def count_segments(text: str, encoding: Encoding | None = None) -> int:
    """Count the parts that `segments` makes."""
    return len(segments(text, encoding))


def cut_utf8(text: str, octets: int) -> list[str]:
    """Cut a text into parts of at most so many octets each, between graphemes."""
    parts = []
    start = 0
    while start < len(text):
        window = text[start : start + octets].encode("utf-8", "replace")[:octets]
        fits = len(window.decode("utf-8", "ignore"))  # leaves out half a character at its end
        parts.append(text[start : _grapheme_border(text, start, start + fits)])
        start += len(parts[-1])
    return parts


def _cut_gsm(octets: bytes, part_octets: int) -> list[str]:
    parts = []
    start = 0
    while start < len(octets):
        end = min(start + part_octets, len(octets))
        if octets[end - 1] == ord(_ESC):
            end -= 1
        parts.append(_decode_gsm(octets[start:end]))
        start = end
    return parts


def _cut_ucs2(text: str, octets: bytes, part_octets: int) -> list[str]:
    parts = []
    start = offset = 0
    while start < len(text):
        window = octets[offset : offset + part_octets]
        fits = len(window.decode("utf-16-be", "ignore"))  # leaves out half a pair at its end
        end = _grapheme_border(text, start, start + fits)
        parts.append(text[start:end])
        offset += len(parts[-1].encode("utf-16-be"))
        start = end
    return parts


def _grapheme_border(text: str, start: int, end: int) -> int:
    """Step back from `end` to a border of graphemes; stay when one fills the whole part."""
    border = end
    while border > start and not _is_border(text, border):
        border -= 1
    return border if border > start else end


def _is_border(text: str, index: int) -> bool:
    """Say whether a grapheme may end before `text[index]`.

    Source: Unicode UAX #29 §3.1.1, without CRLF, which phones count as two characters.
    """
    if index == len(text):
        return True
    left, right = text[index - 1], text[index]
    if _extends(right) or left == "\u200d" or unicodedata.combining(left) == _VIRAMA:
        return False
    return not (_is_regional(left) and _is_regional(right) and _odd_run(text, index))


_VIRAMA = 9


def _extends(char: str) -> bool:
    return (
        char == "\u200d"
        or unicodedata.category(char) in ("Mn", "Me", "Mc")
        or "\u1160" <= char <= "\u11ff"  # Hangul vowels and finals
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # tags, as in the flag of Wales
    )


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _odd_run(text: str, index: int) -> bool:
    """Say whether an odd number of regional indicators ends before `text[index]`."""
    start = index
    while start > 0 and _is_regional(text[start - 1]):
        start -= 1
    return (index - start) % 2 == 1


def concat_udh(reference: int, part: int, parts: int) -> bytes:
    """Write the header that joins the parts of a long message, 8-bit reference.

    Raises ValueError for more than 255 parts.
    Source: 3GPP TS 23.040 §9.2.3.24.1.
    """
    return bytes((5, 0, 3, reference % 0x100, parts, part))


def concat_udh_16_bit(reference: int, part: int, parts: int) -> bytes:
    """Write the same header with a 16-bit reference.

    Raises ValueError for more than 255 parts.
    Source: 3GPP TS 23.040 §9.2.3.24.8.
    """
    return bytes((6, 8, 4, *(reference % 0x10000).to_bytes(2, "big"), parts, part))


GSM = "gsm"
"""The alphabet that Python has no codec for."""

_CODECS = {
    0x01: "ascii",
    0x03: "latin-1",
    0x05: "shift_jis",
    0x06: "iso8859-5",
    0x07: "iso8859-8",
    0x08: "utf-16-be",
    0x0A: "iso2022_jp",
    0x0E: "euc_kr",
}


def decode(data: bytes, data_coding: int) -> str:
    """Read the octets of a short message; an octet that is no character becomes U+FFFD.

    Raises UnsupportedCoding for values we do not read.
    Source: SMPP 3.4 §5.2.19; 3GPP TS 23.038 §4, §6.2.1.
    """
    return clean(decode_part(data, data_coding))


def decode_part(data: bytes, data_coding: int) -> str:
    """Read the octets of a part, which may begin or end with half a surrogate pair.

    Handsets cut an emoji in two; `clean` makes it whole once the parts are together.
    Raises UnsupportedCoding for values we do not read.
    """
    codec = codec_of(data_coding)
    if codec == GSM:
        return _decode_gsm(data)
    if codec == "utf-16-be":
        odd = len(data) % 2
        whole = data[: len(data) - odd].decode(codec, "surrogatepass")
        return whole + _REPLACEMENT * odd
    return data.decode(codec, "replace")


def codec_of(data_coding: int) -> str:
    """Name Python's codec for a coding, or `GSM`.

    Raises UnsupportedCoding for what is no text.
    """
    return _CODECS.get(data_coding) or _codec_of_group(data_coding)


def _codec_of_group(data_coding: int) -> str:
    """Find the alphabet in a coding that SMPP leaves to GSM."""
    group, bits = data_coding >> 4, data_coding & 0x0F
    if data_coding == 0 or group in (0xC, 0xD):  # default, message waiting
        return "gsm"
    if group == 0xE:  # message waiting
        return "utf-16-be"
    if group == 0xF and not bits & 0x04:  # message class
        return "gsm"
    if group in (0x1, 0x4, 0x5) and bits >> 2 in (0b00, 0b10):  # general, not compressed
        return "utf-16-be" if bits & 0x08 else "gsm"
    raise UnsupportedCoding(f"data_coding 0x{data_coding:02X}")


def _decode_gsm(octets: bytes) -> str:
    chars = _ESCAPED.sub(lambda pair: chr(_EXTENDED + ord(pair[1])), octets.decode("latin-1"))
    return chars.translate(_FROM_GSM)
