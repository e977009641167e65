"""The octets of a message's text in a PDU, and the part they are of a longer one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from sms.transports.smpp.codec import Message, Tag

UDH_INDICATOR = 0x40
"""Of esm_class. Source: SMPP 3.4 §5.2.12."""

_CONCATENATION_8_BIT = (0x00, 3, "udh8")
_CONCATENATION_16_BIT = (0x08, 4, "udh16")
"""Information element, its length, and our name for it.

Source: 3GPP TS 23.040 §9.2.3.24.1, §9.2.3.24.8.
"""
_SAR = "sar"


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Which part of a longer message a text is."""

    reference: int = 0
    parts: int = 1
    part: int = 1
    scheme: str = ""
    """What says so: udh8, udh16 or sar. The reference of one is not that of another."""


@dataclass(frozen=True, slots=True)
class UserData:
    """Text octets without any header, and which part of a longer message they are."""

    octets: bytes
    concatenation: Concatenation = Concatenation()


def read_user_data(pdu: Message) -> UserData:
    """Take a message's octets from short_message or message_payload, its header apart.

    A header that cannot be read stays in the text: better odd than lost.
    Source: SMPP 3.4 §5.2.12, §5.3.2.22 to 24, §5.3.2.32; 3GPP TS 23.040 §9.2.3.24.
    """
    octets = pdu.short_message or pdu.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    concatenation = _read_sar(pdu.tlvs)
    if pdu.esm_class & UDH_INDICATOR and (header := _read_header(octets)) is not None:
        octets = octets[1 + octets[0] :]
        concatenation = _read_concatenation(header) or concatenation
    # A part outside of its message could never be joined; it is better read alone.
    if concatenation is None or not 1 <= concatenation.part <= concatenation.parts:
        return UserData(octets)
    return UserData(octets, concatenation)


def _read_header(octets: bytes) -> dict[int, bytes] | None:
    """Read the information elements; None when there is no whole header."""
    if not octets or len(octets) <= octets[0]:
        return None
    header, elements = octets[1 : 1 + octets[0]], {}
    while len(header) >= 2:
        element, length = header[0], header[1]
        elements[element] = header[2 : 2 + length]
        header = header[2 + length :]
    return elements


def _read_concatenation(header: Mapping[int, bytes]) -> Concatenation | None:
    for element, length, scheme in (_CONCATENATION_8_BIT, _CONCATENATION_16_BIT):
        value = header.get(element, b"")
        if len(value) == length:
            reference = int.from_bytes(value[:-2], "big")
            return Concatenation(reference, value[-2], value[-1], scheme)
    return None


def _read_sar(tlvs: Mapping[int, bytes]) -> Concatenation | None:
    tags = (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)
    if not all(tag in tlvs for tag in tags):
        return None
    reference, parts, part = (int.from_bytes(tlvs[tag], "big") for tag in tags)
    # A header has one octet for each; what is larger comes from a broken peer.
    if reference > 0xFFFF or parts > 0xFF:
        return None
    return Concatenation(reference, parts, part, _SAR)
