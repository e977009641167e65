"""Who may send what over which bind, and how long each thing may take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sms.transports.smpp.codec import DataSm, DeliverSm, Pdu, QuerySm, SubmitSm
from sms.transports.smpp.session.events import Mode, Role


@dataclass(frozen=True, slots=True)
class Timers:
    """In seconds. Source: SMPP 3.4 §7.2."""

    bind_s: float = 10.0
    """For the answer to our bind, or for the peer's bind to come."""
    response_s: float = 10.0
    enquire_link_s: float = 30.0
    """Of silence from the peer before we probe it; 0 never probes."""
    whole_pdu_s: float = 10.0
    """From the first octets of a PDU to its last."""
    remember_s: float = 600.0
    """How long a request that was given up can still be told its late answer."""


USUAL: Final = Timers()

ALLOWED: Final[Mapping[type[Pdu], Mapping[Role, Mode]]] = {
    SubmitSm: {Role.ESME: Mode.TRANSMITTER},
    QuerySm: {Role.ESME: Mode.TRANSMITTER},
    DeliverSm: {Role.SMSC: Mode.RECEIVER},
    DataSm: {Role.ESME: Mode.TRANSMITTER, Role.SMSC: Mode.RECEIVER},
}
"""Who may send what, and the bind it needs. Source: SMPP 3.4 §2.3."""

TAKEN: Final[Mapping[type[Pdu], Mapping[Role, Mode]]] = {
    **ALLOWED,
    # Some peers bring receipts on whichever bind is at hand; refused, they would be lost.
    DeliverSm: {Role.SMSC: Mode.TRANSCEIVER},
    DataSm: {Role.ESME: Mode.TRANSMITTER, Role.SMSC: Mode.TRANSCEIVER},
}
"""The same for what the peer sends: one of the modes is enough."""

PEER: Final = {Role.ESME: Role.SMSC, Role.SMSC: Role.ESME}
NO_MODE: Final = Mode(0)
