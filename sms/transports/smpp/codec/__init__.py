"""PDUs and their octets: smpplib's field tables behind strict reading and writing.

words.py   command_ids, command_status values, TLV tags, errors
pdu.py     the PDUs as classes
layout.py  how each command's body lies in octets

smpplib says which fields a command has, in which order and how long. Its reader
and writer are not used: they cut strings silently, lose unknown TLVs and take
truncated PDUs for whole ones. Nothing outside this package imports it.
"""

import struct
from collections.abc import Mapping
from typing import Final

from sms.transports.smpp.codec.layout import LAYOUTS, Broken, Fields, Layout
from sms.transports.smpp.codec.pdu import (
    Bind,
    BindReceiver,
    BindReceiverResp,
    BindResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Message,
    MessageResp,
    Pdu,
    QuerySm,
    QuerySmResp,
    ShortMessage,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from sms.transports.smpp.codec.words import (
    RESPONSE_BIT,
    CommandStatus,
    InvalidField,
    MalformedPdu,
    Tag,
    UnknownCommand,
    command_name,
)

__all__ = [
    "HEADER",
    "MAX_SIZE",
    "RESPONSE_BIT",
    "Bind",
    "BindReceiver",
    "BindReceiverResp",
    "BindResp",
    "BindTransceiver",
    "BindTransceiverResp",
    "BindTransmitter",
    "BindTransmitterResp",
    "CommandStatus",
    "DataSm",
    "DataSmResp",
    "DeliverSm",
    "DeliverSmResp",
    "EnquireLink",
    "EnquireLinkResp",
    "GenericNack",
    "InvalidField",
    "MalformedPdu",
    "Message",
    "MessageResp",
    "Pdu",
    "QuerySm",
    "QuerySmResp",
    "ShortMessage",
    "SubmitSm",
    "SubmitSmResp",
    "Tag",
    "Unbind",
    "UnbindResp",
    "UnknownCommand",
    "command_name",
    "decode",
    "encode",
    "plain_response",
]

HEADER: Final = struct.Struct(">LLLL")
"""command_length, command_id, command_status, sequence_number."""
MAX_SIZE: Final = 70_000
"""Octets of the longest PDU we read or write: 64 kB of message_payload and its fields."""

_TLV_HEADER: Final = struct.Struct(">HH")


def decode(frame: bytes) -> Pdu:
    """Read one whole PDU; `frame` has exactly its octets.

    Raises MalformedPdu (UnknownCommand is one) and nothing else.
    Source: SMPP 3.4 §3.2.
    """
    command_id, command_status, sequence_number = _read_header(frame)
    layout = LAYOUTS.get(command_id)
    if layout is None:
        raise UnknownCommand(command_id, sequence_number)
    fields: Fields = {}
    tlvs: dict[int, bytes] = {}
    try:
        tlvs = _read_body(frame, layout, fields)
    except Broken as broken:
        # A plain_response says all it has to say in its header.
        if not (command_id & RESPONSE_BIT and command_status):
            raise MalformedPdu(
                str(broken), command_id, sequence_number, broken.command_status
            ) from broken
        fields = {}
    return layout.pdu_class(
        command_status=command_status,
        sequence_number=sequence_number,
        tlvs=tlvs,
        **fields,
    )


def _read_header(frame: bytes) -> tuple[int, int, int]:
    wrong = CommandStatus.INVALID_COMMAND_LENGTH
    if len(frame) < HEADER.size:
        raise MalformedPdu("no whole header", 0, 0, wrong)
    length, command_id, command_status, sequence_number = HEADER.unpack_from(frame)
    if length != len(frame) or length > MAX_SIZE:
        raise MalformedPdu("wrong command_length", command_id, sequence_number, wrong)
    return command_id, command_status, sequence_number


def _read_body(frame: bytes, layout: Layout, fields: Fields) -> dict[int, bytes]:
    """Fill in `fields` and return the TLVs."""
    position = HEADER.size
    # Many peers answer without a body where the standard has one NUL.
    if position == len(frame) and _is_response(frame):
        return {}
    for step in layout.steps:
        position = step.read(frame, position, step.names, step.size, fields)
    tlvs: dict[int, bytes] = {}
    cut = _read_tlvs(frame, position, tlvs)
    if cut is None or _says_enough(frame, layout, cut, fields, tlvs):
        return tlvs
    raise Broken(f"TLV 0x{cut:04X} past the end", CommandStatus.INVALID_TLV_STREAM)


def _is_response(frame: bytes) -> bool:
    return frame[4] >= RESPONSE_BIT >> 24


_SENT_TO_US: Final = (DeliverSm, DataSm)
_RECEIPT: Final = frozenset({Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE})


def _says_enough(
    frame: bytes, layout: Layout, cut: int, fields: Fields, tlvs: Mapping[int, bytes]
) -> bool:
    """Say whether a PDU is worth reading without its last TLV, which runs past the end.

    What an answer has to say comes before its TLVs; without it a message would be lost. A peer
    that asks whether we are there must not hear that something is wrong. And a receipt, or
    somebody's message, that we refuse does not come again: as at Kannel it counts for what it
    says without the TLV, if that is a text, or a receipt's id and state.
    """
    if _is_response(frame) or not layout.steps:
        return True
    if layout.pdu_class not in _SENT_TO_US or cut == Tag.MESSAGE_PAYLOAD:
        return False
    text = fields.get("short_message") or tlvs.get(Tag.MESSAGE_PAYLOAD)
    return bool(text) or tlvs.keys() >= _RECEIPT


def _read_tlvs(frame: bytes, position: int, tlvs: dict[int, bytes]) -> int | None:
    """Read TLVs by their own lengths; return the tag of one that runs past the end.

    A tail too short to be one is some peers' stray NUL.
    """
    while position + _TLV_HEADER.size <= len(frame):
        tag, length = _TLV_HEADER.unpack_from(frame, position)
        position += _TLV_HEADER.size
        if position + length > len(frame):
            return int(tag)
        tlvs[tag] = frame[position : position + length]
        position += length
    return None


def encode(pdu: Pdu) -> bytes:
    """Write one PDU.

    Raises InvalidField for a value that does not fit its field; nothing is cut.
    Source: SMPP 3.4 §3.2.
    """
    parts: list[bytes] = []
    if not (pdu.command_status and pdu.bare_when_refused):
        steps = LAYOUTS[pdu.command_id].steps
        parts = [step.write(pdu, step.names, step.size) for step in steps]
    for tag, value in pdu.tlvs.items():
        parts.append(_write_tlv(tag, value))
    body = b"".join(parts)
    length = HEADER.size + len(body)
    if length > MAX_SIZE:
        raise InvalidField(f"the PDU is longer than {MAX_SIZE} octets")
    try:
        header = HEADER.pack(length, pdu.command_id, pdu.command_status, pdu.sequence_number)
    except struct.error:
        raise InvalidField("command_status or sequence_number is not 32 bits") from None
    return header + body


def _write_tlv(tag: int, value: bytes) -> bytes:
    try:
        return _TLV_HEADER.pack(tag, len(value)) + value
    except struct.error:
        raise InvalidField(f"TLV 0x{tag:X} does not fit its 16 bits") from None


def plain_response(command_id: int, sequence_number: int, command_status: int) -> Pdu:
    """Build an answer that is no more than its status: the command's own, or generic_nack."""
    layout = LAYOUTS.get(command_id | RESPONSE_BIT, LAYOUTS[GenericNack.command_id])
    return layout.pdu_class(command_status=command_status, sequence_number=sequence_number)
