"""What a session tells its owner, and the names for where it stands."""

from dataclasses import dataclass
from enum import Enum, Flag

from sms.transports.smpp.codec import (
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    MalformedPdu,
    Pdu,
)
from sms.transports.smpp.session.requests import OpenRequest


class Role(Enum):
    """Which end of the line we are."""

    ESME = "esme"
    """The one that connects and submits."""
    SMSC = "smsc"


class State(Enum):
    """Where a session stands. Source: SMPP 3.4 §2.2."""

    OPEN = "open"
    BOUND = "bound"
    UNBINDING = "unbinding"
    """Our unbind is out; what the peer still sends is taken."""
    CLOSED = "closed"


class Mode(Flag):
    """What a bind is good for, seen from the ESME."""

    TRANSMITTER = 1
    RECEIVER = 2
    TRANSCEIVER = TRANSMITTER | RECEIVER

    def __str__(self) -> str:
        return str(self.name).lower()


BINDS: dict[Mode, type[Bind]] = {
    Mode.TRANSMITTER: BindTransmitter,
    Mode.RECEIVER: BindReceiver,
    Mode.TRANSCEIVER: BindTransceiver,
}
MODES: dict[type[Pdu], Mode] = {bind: mode for mode, bind in BINDS.items()}


@dataclass(frozen=True, slots=True)
class Bound:
    """The peer took our bind."""

    mode: Mode
    peer_system_id: str


@dataclass(frozen=True, slots=True)
class BindRefused:
    """The peer refused our bind; all that is left to do is to close."""

    command_status: int


@dataclass(frozen=True, slots=True)
class BindRequested:
    """The peer wants to bind; `Session.answer` or `Session.refuse` decides."""

    pdu: Bind


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """The peer sent a message or a query; `Session.answer` or `Session.refuse` is owed."""

    pdu: Pdu


@dataclass(frozen=True, slots=True)
class PeerUnbinds:
    """The peer takes no more messages; the session goes on until it has answered the last."""


@dataclass(frozen=True, slots=True)
class PeerAlive:
    """The peer answered our enquire_link."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a request of ours, whatever its command_status; maybe a generic_nack."""

    request: OpenRequest
    pdu: Pdu


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request of ours given up: no answer in time, or one that cannot be read."""

    request: OpenRequest
    reason: str


@dataclass(frozen=True, slots=True)
class LateResponse:
    """The answer to a request that was given up as `Unanswered` before."""

    request: OpenRequest
    pdu: Pdu


@dataclass(frozen=True, slots=True)
class UnexpectedResponse:
    """An answer to nothing we asked; ignored."""

    pdu: Pdu


@dataclass(frozen=True, slots=True)
class MalformedReceived:
    """A PDU that cannot be read; it is answered already, and the session goes on."""

    error: MalformedPdu


@dataclass(frozen=True, slots=True)
class SessionOver:
    """The session ended: send what `data_to_send` still has, then close the line."""

    reason: str
    open_requests: tuple[OpenRequest, ...]
    """Every request of ours that had no answer, written or not."""


Event = (
    Bound
    | BindRefused
    | BindRequested
    | RequestReceived
    | PeerUnbinds
    | PeerAlive
    | Answered
    | Unanswered
    | LateResponse
    | UnexpectedResponse
    | MalformedReceived
    | SessionOver
)
