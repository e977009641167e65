"""Messages from handsets as deliver_sm: whole, in parts, and as networks spoil them."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sms import text as sms_text
from sms.text import Encoding, UnsupportedCoding
from sms.transports.simulator.knobs import knob_value
from sms.transports.simulator.mailbox import Delivery
from sms.transports.smpp.address import source_address
from sms.transports.smpp.codec import DeliverSm, Tag
from sms.transports.smpp.user_data import UDH_INDICATOR

_DATA_CODING: Final = {Encoding.GSM: 0, Encoding.UCS2: 8}
_PART_OCTETS: Final = {Encoding.GSM: (160, 152), Encoding.UCS2: (140, 132)}
"""What travels alone, and what does beside the longest header; other alphabets as UCS-2."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a message comes; the defaults are those of a network that does its work."""

    way: str = "udh8"
    data_coding: int | None = None
    """None chooses GSM, or UCS-2 where that lacks a character."""
    is_hex: bool = False
    """Whether the text is octets in hexadecimal, to be sent as they are; any coding may say so."""
    missing: frozenset[int] = field(default_factory=frozenset)
    """Numbers of the parts that do not come."""
    repeated: frozenset[int] = field(default_factory=frozenset)
    """Numbers of the parts that come twice."""
    is_shuffled: bool = False
    reference: int | None = None
    """What its parts say they belong to; None counts up."""


def manner_of(given: Mapping[str, str]) -> Manner:
    """Read a manner from parameters.

    Raises ValueError, with words for a person.
    """
    unknown = given.keys() - PARAMETERS
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} unknown; there are {', '.join(PARAMETERS)}")
    way = given.get("way", "udh8")
    if way not in _WAYS:
        raise ValueError(f"way is one of {', '.join(_WAYS)}")
    coding = given.get("data_coding", "")
    if coding and knob_value(coding) > 0xFF:
        raise ValueError("data_coding is one octet")
    return Manner(
        way=way,
        data_coding=knob_value(coding) if coding else None,
        is_hex=bool(knob_value(given.get("hex", "0"))),
        missing=_numbers(given.get("missing", "")),
        repeated=_numbers(given.get("repeat", "")),
        is_shuffled=bool(knob_value(given.get("shuffle", "0"))),
        reference=knob_value(given["reference"]) if given.get("reference") else None,
    )


PARAMETERS: Final = ("way", "data_coding", "hex", "missing", "repeat", "shuffle", "reference")


def _numbers(text: str) -> frozenset[int]:
    return frozenset(knob_value(number) for number in text.split(",") if number)


def inbound(
    sender: str, recipient: str, text: str, reference: int, manner: Manner | None = None
) -> Iterator[Delivery]:
    """Write a message from a handset, in as many parts as it needs.

    Raises ValueError for a text that its data_coding cannot hold.
    """
    manner = manner or Manner()
    reference = reference if manner.reference is None else manner.reference
    coding, pieces = _cut(text, manner)
    order = [n for n in range(1, len(pieces) + 1) if n not in manner.missing]
    order += [n for n in order if n in manner.repeated]
    if manner.is_shuffled:
        random.shuffle(order)
    # Our numbers, which it is for, have the forms of senders: short codes are among them.
    source, destination = source_address(sender), source_address(recipient)
    for number in order:
        part = _Part(pieces[number - 1], reference, len(pieces), number)
        fields = _WAYS[manner.way](part) if len(pieces) > 1 else _alone(part)
        pdu = DeliverSm(
            source_addr_ton=source.ton,
            source_addr_npi=source.npi,
            source_addr=source.value,
            dest_addr_ton=destination.ton,
            dest_addr_npi=destination.npi,
            destination_addr=destination.value,
            esm_class=fields.esm_class,
            data_coding=coding,
            short_message=fields.short_message,
            tlvs=fields.tlvs,
        )
        yield Delivery(pdu, is_receipt=False)


def _cut(text: str, manner: Manner) -> tuple[int, list[bytes]]:
    """Write a text in its coding, cut into the octets of its parts."""
    if manner.data_coding is None and not manner.is_hex:
        encoding = sms_text.choose(text)
        if manner.way == "payload":
            return _DATA_CODING[encoding], [sms_text.encode(text, encoding)]
        header = sms_text.UDH_16_BIT_OCTETS if manner.way == "udh16" else sms_text.UDH_OCTETS
        parts = sms_text.segments(text, encoding, header_octets=header)
        return _DATA_CODING[encoding], [sms_text.encode(part, encoding) for part in parts]
    coding = manner.data_coding or 0
    codec = "" if manner.is_hex else _codec(coding)
    octets = _octets(text, codec) if codec else _hexadecimal(text, coding)
    whole, part = _PART_OCTETS[Encoding.GSM if codec == sms_text.GSM else Encoding.UCS2]
    if len(octets) <= whole or manner.way == "payload":
        return coding, [octets]
    return coding, [octets[at : at + part] for at in range(0, len(octets), part)]


def _codec(data_coding: int) -> str:
    """Name the codec of a coding; "" where that is none of text."""
    try:
        return sms_text.codec_of(data_coding)
    except UnsupportedCoding:
        return ""


def _octets(text: str, codec: str) -> bytes:
    if codec == sms_text.GSM:
        return sms_text.encode(text, Encoding.GSM)
    return text.encode(codec)


def _hexadecimal(text: str, data_coding: int) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(
            f"write the octets of data_coding 0x{data_coding:02X} in hexadecimal"
        ) from None


@dataclass(frozen=True, slots=True)
class _Part:
    octets: bytes
    reference: int
    parts: int
    number: int


@dataclass(frozen=True, slots=True)
class _Fields:
    short_message: bytes = b""
    esm_class: int = 0
    tlvs: dict[int, bytes] = field(default_factory=dict)


def _alone(part: _Part) -> _Fields:
    if len(part.octets) > sms_text.SINGLE_OCTETS[Encoding.GSM]:
        return _Fields(tlvs={Tag.MESSAGE_PAYLOAD: part.octets})
    return _Fields(part.octets)


def _udh8(part: _Part) -> _Fields:
    header = sms_text.concat_udh(part.reference, part.number, part.parts)
    return _Fields(header + part.octets, UDH_INDICATOR)


def _udh16(part: _Part) -> _Fields:
    header = sms_text.concat_udh_16_bit(part.reference, part.number, part.parts)
    return _Fields(header + part.octets, UDH_INDICATOR)


def _sar(part: _Part) -> _Fields:
    tlvs = {
        Tag.SAR_MSG_REF_NUM: (part.reference % 0x10000).to_bytes(2, "big"),
        Tag.SAR_TOTAL_SEGMENTS: bytes([part.parts]),
        Tag.SAR_SEGMENT_SEQNUM: bytes([part.number]),
    }
    return _Fields(part.octets, tlvs=tlvs)


_WAYS: Final[dict[str, Callable[[_Part], _Fields]]] = {
    "udh8": _udh8,
    "udh16": _udh16,
    "sar": _sar,
    "payload": _alone,
}
