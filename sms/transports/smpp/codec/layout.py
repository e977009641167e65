"""How each command's body lies in octets, compiled once from smpplib's tables.

A field is one of three kinds, and each kind has one reader and one writer.
A reader returns the position after what it read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from smpplib import command, consts
from smpplib.ptypes import ostr

from sms.transports.smpp.codec import pdu as pdus
from sms.transports.smpp.codec.pdu import Pdu
from sms.transports.smpp.codec.words import CommandStatus, InvalidField

Fields = dict[str, object]
_Reader = Callable[[bytes, int, tuple[str, ...], int, Fields], int]
_Writer = Callable[[Pdu, tuple[str, ...], int], bytes]

_SHORT_MESSAGE_MAX: Final = 254
_TOLERATED: Final = 81
"""Octets of a string that is delivered, with its NUL: so long, a message's row has room for it."""


class Broken(Exception):
    """A body that cannot be read; `command_status` is what to answer."""

    def __init__(self, reason: str, command_status: int) -> None:
        super().__init__(reason)
        self.command_status = command_status


@dataclass(frozen=True, slots=True)
class Step:
    """One string, or a run of one-octet integers."""

    read: _Reader
    write: _Writer
    names: tuple[str, ...]
    size: int
    """Octets at most, with the NUL of a C-octet string."""


@dataclass(frozen=True, slots=True)
class Layout:
    pdu_class: type[Pdu]
    steps: tuple[Step, ...]


_TOO_LONG: Final[Mapping[str, int]] = {
    "service_type": consts.SMPP_ESME_RINVSERTYP,
    "source_addr": consts.SMPP_ESME_RINVSRCADR,
    "destination_addr": consts.SMPP_ESME_RINVDSTADR,
    "schedule_delivery_time": consts.SMPP_ESME_RINVSCHED,
    "validity_period": consts.SMPP_ESME_RINVEXPIRY,
    "message_id": consts.SMPP_ESME_RINVMSGID,
    "system_id": consts.SMPP_ESME_RINVSYSID,
    "password": consts.SMPP_ESME_RINVPASWD,
    "system_type": consts.SMPP_ESME_RINVSYSTYP,
}
"""What to answer when a field is longer than the standard allows; others: RINVCMDLEN."""


def _read_cstring(
    frame: bytes, position: int, names: tuple[str, ...], size: int, fields: Fields
) -> int:
    name = names[0]
    end = frame.find(0, position, position + size)
    if end < 0:
        raise _unterminated(name, is_long=len(frame) - position >= size)
    fields[name] = frame[position:end].decode("latin-1")
    return end + 1


def _read_loosely(
    frame: bytes, position: int, names: tuple[str, ...], size: int, fields: Fields
) -> int:
    """Read the string of an answer, however long it is and with or without its NUL.

    Peers are careless here, and they have taken the message, or the bind, all the same: an
    answer that we refused to read would leave its message without a word, and a link for ever
    without a connection.
    """
    end = frame.find(0, position)
    end = len(frame) if end < 0 else end
    fields[names[0]] = frame[position:end].decode("latin-1")
    return end + 1


def _tolerate(
    frame: bytes, position: int, names: tuple[str, ...], size: int, fields: Fields
) -> int:
    """Read a string of what an SMSC delivers, longer than the standard allows if need be.

    Refused, a receipt or somebody's message would be lost for a field that nobody needs.
    """
    return _read_cstring(frame, position, names, max(size, _TOLERATED), fields)


def _unterminated(name: str, *, is_long: bool) -> Broken:
    if is_long:
        return Broken(f"{name} too long", _TOO_LONG.get(name, CommandStatus.INVALID_COMMAND_LENGTH))
    return Broken(f"{name} without its NUL", CommandStatus.INVALID_COMMAND_LENGTH)


def _read_integers(
    frame: bytes, position: int, names: tuple[str, ...], size: int, fields: Fields
) -> int:
    end = position + size
    if end > len(frame):
        raise Broken(f"cut before {names[-1]}", CommandStatus.INVALID_COMMAND_LENGTH)
    fields.update(zip(names, frame[position:end], strict=True))
    return end


def _read_octets(
    frame: bytes, position: int, names: tuple[str, ...], size: int, fields: Fields
) -> int:
    if position >= len(frame):
        raise Broken("cut before sm_length", CommandStatus.INVALID_COMMAND_LENGTH)
    start = position + 1
    end = start + frame[position]
    if end > len(frame):
        raise Broken("sm_length past the end", CommandStatus.INVALID_MESSAGE_LENGTH)
    fields[names[0]] = frame[start:end]
    return end


def _write_cstring(pdu: Pdu, names: tuple[str, ...], size: int) -> bytes:
    value: str = getattr(pdu, names[0])
    try:
        octets = value.encode("latin-1")
    except UnicodeEncodeError:
        raise InvalidField(f"{names[0]} holds characters beyond Latin-1") from None
    if len(octets) >= size:
        raise InvalidField(f"{names[0]} is longer than {size - 1} octets")
    if 0 in octets:
        raise InvalidField(f"{names[0]} holds a NUL")
    return octets + b"\0"


def _write_integers(pdu: Pdu, names: tuple[str, ...], size: int) -> bytes:
    try:
        return bytes([getattr(pdu, name) for name in names])
    except ValueError:
        raise InvalidField(f"one of {', '.join(names)} is not within 0 to 255") from None


def _write_octets(pdu: Pdu, names: tuple[str, ...], size: int) -> bytes:
    octets: bytes = getattr(pdu, names[0])
    if len(octets) > size:
        raise InvalidField(f"{names[0]} is longer than {size} octets")
    return bytes((len(octets),)) + octets


def _mandatory(source: type[command.Command]) -> list[str]:
    kept = getattr(source, "mandatory_fields", "")
    # sm_length is read and written with short_message.
    return [
        name
        for name in source.params_order
        if name != "sm_length" and (name in kept or name not in consts.OPTIONAL_PARAMS)
    ]


_READERS: Final[Mapping[tuple[type[Pdu], str], _Reader]] = {
    (pdus.SubmitSmResp, "message_id"): _read_loosely,
    (pdus.DataSmResp, "message_id"): _read_loosely,
    (pdus.BindTransmitterResp, "system_id"): _read_loosely,
    (pdus.BindReceiverResp, "system_id"): _read_loosely,
    (pdus.BindTransceiverResp, "system_id"): _read_loosely,
}
"""The strings that are read in a way of their own."""


def _compile(pdu_class: type[Pdu], source: type[command.Command]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for name in _mandatory(source):
        param = source.params[name]
        if param.type is str:
            usual = _tolerate if pdu_class is pdus.DeliverSm else _read_cstring
            read = _READERS.get((pdu_class, name), usual)
            steps.append(Step(read, _write_cstring, (name,), param.max))
        elif param.type is ostr:
            steps.append(Step(_read_octets, _write_octets, (name,), _SHORT_MESSAGE_MAX))
        else:
            run = steps.pop().names if steps and steps[-1].read is _read_integers else ()
            steps.append(Step(_read_integers, _write_integers, (*run, name), len(run) + 1))
    return tuple(steps)


_SOURCES: Final[Mapping[type[Pdu], type[command.Command]]] = {
    pdus.BindTransmitter: command.BindTransmitter,
    pdus.BindTransmitterResp: command.BindTransmitterResp,
    pdus.BindReceiver: command.BindReceiver,
    pdus.BindReceiverResp: command.BindReceiverResp,
    pdus.BindTransceiver: command.BindTransceiver,
    pdus.BindTransceiverResp: command.BindTransceiverResp,
    pdus.SubmitSm: command.SubmitSM,
    pdus.SubmitSmResp: command.SubmitSMResp,
    pdus.DeliverSm: command.DeliverSM,
    pdus.DeliverSmResp: command.DeliverSMResp,
    pdus.DataSm: command.DataSM,
    pdus.DataSmResp: command.DataSMResp,
    pdus.QuerySm: command.QuerySM,
    pdus.QuerySmResp: command.QuerySMResp,
    pdus.Unbind: command.Unbind,
    pdus.UnbindResp: command.UnbindResp,
    pdus.EnquireLink: command.EnquireLink,
    pdus.EnquireLinkResp: command.EnquireLinkResp,
    pdus.GenericNack: command.GenericNAck,
}

LAYOUTS: Final[Mapping[int, Layout]] = {
    pdu_class.command_id: Layout(pdu_class, _compile(pdu_class, source))
    for pdu_class, source in _SOURCES.items()
}
