"""How a text longer than one PDU travels: in parts with a header or TLVs, or whole. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sms import text
from sms.text import Encoding
from sms.transports.base import Outbound, Split
from sms.transports.smpp.alphabet import encoding_over
from sms.transports.smpp.codec import Tag
from sms.transports.smpp.user_data import UDH_INDICATOR


@dataclass(frozen=True, slots=True)
class UserDataFields:
    """The fields of a submit_sm that hold its text."""

    short_message: bytes = b""
    esm_class: int = 0
    tlvs: dict[int, bytes] = field(default_factory=dict)


def split(body: str, encoding: Encoding, *, way: str, alphabet: str) -> Split:
    """Cut a message into the texts of its PDUs."""
    encoding = encoding_over(alphabet, body, encoding)
    header_octets = _WAYS[way].header_octets
    if header_octets is None:
        return Split(encoding, (text.clean(body),))
    return Split(encoding, tuple(text.segments(body, encoding, header_octets=header_octets)))


def carry(outbound: Outbound, octets: bytes, *, way: str) -> UserDataFields:
    """Put the octets of a segment into a PDU."""
    if outbound.parts > 1:
        return _WAYS[way].carry_part(outbound, octets)
    if len(octets) > text.SINGLE_OCTETS[outbound.encoding]:
        return UserDataFields(tlvs={Tag.MESSAGE_PAYLOAD: octets})
    return UserDataFields(octets)


def _with_header(outbound: Outbound, octets: bytes) -> UserDataFields:
    header = text.concat_udh(outbound.reference, outbound.part, outbound.parts)
    return UserDataFields(header + octets, UDH_INDICATOR)


def _with_wide_header(outbound: Outbound, octets: bytes) -> UserDataFields:
    header = text.concat_udh_16_bit(outbound.reference, outbound.part, outbound.parts)
    return UserDataFields(header + octets, UDH_INDICATOR)


def _with_sar(outbound: Outbound, octets: bytes) -> UserDataFields:
    """Source: SMPP 3.4 §5.3.2.22 to 24."""
    # The peer makes a header of it; a reference above 255 would need a longer one than
    # our parts leave room for.
    tlvs = {
        Tag.SAR_MSG_REF_NUM: (outbound.reference % 0x100).to_bytes(2, "big"),
        Tag.SAR_TOTAL_SEGMENTS: bytes([outbound.parts]),
        Tag.SAR_SEGMENT_SEQNUM: bytes([outbound.part]),
    }
    return UserDataFields(octets, tlvs=tlvs)


@dataclass(frozen=True, slots=True)
class _Way:
    header_octets: int | None
    """What a part leaves free for its header; None for a text that is not cut."""
    carry_part: Callable[[Outbound, bytes], UserDataFields]


_WAYS: Final[Mapping[str, _Way]] = {
    "udh8": _Way(text.UDH_OCTETS, _with_header),
    "udh16": _Way(text.UDH_16_BIT_OCTETS, _with_wide_header),
    "sar": _Way(text.UDH_OCTETS, _with_sar),
    "payload": _Way(None, _with_header),
}
