"""The simulator's message centre: takes submits, sends receipts and messages from handsets."""

import asyncio
import logging
import ssl
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Final

from sms.transports.simulator.behaviour import Behaviour
from sms.transports.simulator.connection import Connection
from sms.transports.simulator.deliveries import receipt, wants_receipt
from sms.transports.simulator.handset import Manner, inbound
from sms.transports.simulator.intake import Intake
from sms.transports.simulator.knobs import Knobs
from sms.transports.simulator.mailbox import LIMIT, Delivery
from sms.transports.simulator.outgoing import Outgoing
from sms.transports.simulator.state import State
from sms.transports.simulator.stats import Stats
from sms.transports.smpp.codec import (
    Bind,
    BindReceiver,
    BindReceiverResp,
    BindResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    CommandStatus,
    DataSm,
    DataSmResp,
    Message,
    MessageResp,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Tag,
    encode,
)
from sms.transports.smpp.session import Mode

logger = logging.getLogger(__name__)

_OUR_SYSTEM_ID: Final = "simulator"
_UNBIND_S: Final = 1.0
_RETRY_MS: Final = 1000
"""After an ESME refused a delivery; it may be about to store it."""

_BIND_RESPONSES: Final[dict[type[Bind], type[BindResp]]] = {
    BindTransmitter: BindTransmitterResp,
    BindReceiver: BindReceiverResp,
    BindTransceiver: BindTransceiverResp,
}
_RESPONSES: Final[dict[type[Pdu], type[MessageResp]]] = {
    SubmitSm: SubmitSmResp,
    DataSm: DataSmResp,
}


class Smsc:
    """A server on one port. All methods belong to the loop's thread.

    With an empty `system_id` any bind is taken; port 0 lets the system choose one.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        system_id: str = "",
        password: str = "",
        knobs: Knobs | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.knobs = knobs or Knobs()
        self.stats = Stats()
        self._system_id = system_id
        self._password = password
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._outgoing = Outgoing(system_id)
        self._intake = Intake(self.knobs, self.stats)
        # Ids must not come round again, not even after an end that left no state.
        self._message_ids = count(time.time_ns() // 1000)
        self._references = count(1)

    # --- start and stop -------------------------------------------------------------

    async def start(self) -> None:
        """Listen.

        Raises OSError when the port cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), self.host, self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Unbind everybody, wait a second for their answers, close."""
        if self._server:
            self._server.close()
        waiting = [connection.over for connection in self._connections]
        for connection in list(self._connections):
            connection.unbind()
        if waiting:
            await asyncio.wait(waiting, timeout=_UNBIND_S)
        self.drop()

    def resume(self, state: State) -> None:
        """Go on from where another run ended; before `start`."""
        # The clock may have been put back since, or ids been given faster than it goes.
        first = max(state.next_message_id, next(self._message_ids))
        self._message_ids = count(first)
        self._references = count(state.next_reference)
        self._outgoing.take_over(state.owed)

    def state(self) -> State:
        """Say where the next run goes on; after `stop`, for only then nothing is in flight."""
        return State(next(self._message_ids), next(self._references), self._outgoing.owed())

    # --- what a person asks for -----------------------------------------------------

    def turn(self, name: str, value: str) -> None:
        """Set a knob from text.

        Raises ValueError, with words for a person.
        """
        self.knobs.turn(name, value)
        if name == "drop_after":
            self._intake.begin_drop_count()

    def drop(self) -> int:
        """Cut every connection without a word; return how many there were."""
        connections = list(self._connections)
        for connection in connections:
            connection.drop()
        return len(connections)

    def send_inbound(
        self,
        *,
        sender: str,
        recipient: str,
        text: str,
        times: int = 1,
        manner: Manner | None = None,
    ) -> int:
        """Send messages from a handset to the ESME that bound last; return the count of PDUs.

        They wait for the first bind when there was none.
        Raises ValueError for what no PDU can hold.
        """
        if not 0 < times <= LIMIT:
            raise ValueError(f"count is not within 1 to {LIMIT}")
        if self._outgoing.unaddressed >= LIMIT:
            raise ValueError("too many messages wait for a bind already")
        deliveries = [
            delivery
            for _ in range(times)
            for delivery in inbound(sender, recipient, text, next(self._references), manner)
        ]
        return self.send_deliveries(deliveries)

    def send_deliveries(self, deliveries: Sequence[Delivery]) -> int:
        """Send deliver_sm as they are, to the ESME that bound last; return their count.

        Raises ValueError for what no PDU can hold.
        """
        if deliveries:
            encode(deliveries[0].pdu)
        self._outgoing.add_unaddressed(deliveries)
        return len(deliveries)

    def snapshot(self) -> dict[str, object]:
        """Count what happened and what stands now, for people and scripts."""
        bound = [connection for connection in self._connections if connection.system_id]
        return {
            "binds": len(bound),
            **asdict(self.stats),
            "waiting": self._outgoing.waiting,
            "lost": self._outgoing.lost,
            "knobs": asdict(self.knobs),
        }

    # --- binds ----------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """Keep a new connection."""
        self._connections.add(connection)

    def resumed(self, connection: Connection) -> None:
        """Send what waited while the peer did not read."""
        self._outgoing.flush(connection.system_id)

    def closed(self, connection: Connection, reason: str) -> None:
        """Forget a connection; what waits goes to the others."""
        self._connections.discard(connection)
        logger.info("%s %s: %s", connection.peer, connection.system_id or "not bound", reason)
        if connection.system_id:
            self._outgoing.leave(connection)

    def bind(self, connection: Connection, pdu: Bind) -> None:
        """Take or refuse a bind."""
        status = self._refusal_of(pdu)
        logger.info("%s %s %s: 0x%02X", connection.peer, pdu.name, pdu.system_id, status)
        if status:
            self.stats.binds_refused += 1
            connection.refuse(pdu, status)
            return
        self.stats.binds_total += 1
        connection.system_id = pdu.system_id or "-"
        tlvs = {Tag.SC_INTERFACE_VERSION: b"\x34"}
        connection.answer(pdu, _BIND_RESPONSES[type(pdu)](system_id=_OUR_SYSTEM_ID, tlvs=tlvs))
        if Mode.RECEIVER in connection.session.mode:
            self._outgoing.receive_on(connection)

    def _refusal_of(self, pdu: Bind) -> int:
        if self.knobs.refuse_binds:
            return self.knobs.refuse_binds
        if self._system_id and pdu.system_id != self._system_id:
            return CommandStatus.INVALID_SYSTEM_ID
        if self._system_id and pdu.password != self._password:
            return CommandStatus.INVALID_PASSWORD
        return CommandStatus.OK

    # --- submits --------------------------------------------------------------------

    def submit(self, connection: Connection, pdu: Pdu) -> None:
        """Do with a message what its destination and the knobs say."""
        if not isinstance(pdu, SubmitSm | DataSm):
            connection.refuse(pdu, CommandStatus.INVALID_COMMAND_ID)
            return
        behaviour = self._intake.behaviour_for(pdu)
        if self._intake.is_drop_due():
            self.drop()
        if behaviour.answer is None:
            self.stats.unanswered += 1
            return
        taken = _Taken(connection, pdu, behaviour, datetime.now(UTC))
        if self.knobs.latency_ms:
            latency_s = self.knobs.latency_ms / 1000
            asyncio.get_running_loop().call_later(latency_s, self._answer, taken)
        else:  # A timer for each message would cost.
            self._answer(taken)

    def _answer(self, taken: "_Taken") -> None:
        answer, pdu = taken.behaviour.answer, taken.pdu
        if answer:
            self.stats.refused += 1
            taken.connection.refuse(pdu, answer)
            return
        self.stats.accepted += 1
        message_id = str(next(self._message_ids))
        taken.connection.answer(pdu, _RESPONSES[type(pdu)](message_id=message_id))
        if wants_receipt(pdu, taken.behaviour):
            self._send_receipt(taken, message_id)

    # --- deliveries -----------------------------------------------------------------

    def _send_receipt(self, taken: "_Taken", message_id: str) -> None:
        # The handset has it at once; only the word of it takes its time.
        delivery = receipt(
            taken.pdu,
            message_id,
            behaviour=taken.behaviour,
            submitted=taken.at,
            done=datetime.now(UTC),
        )
        delay_ms = self.knobs.receipt_delay_ms
        self._outgoing.add(taken.connection.system_id, delivery, in_ms=delay_ms)

    def sent(self, delivery: Delivery) -> None:
        """Count a delivery that left, again when it leaves again."""
        self.stats.receipts_sent += delivery.is_receipt
        self.stats.mo_sent += not delivery.is_receipt

    def acknowledged(self, connection: Connection, delivery: Delivery, status: int) -> None:
        """Count a delivery as done, or send it again in a while when it was refused."""
        if status != CommandStatus.OK:
            self._outgoing.add(connection.system_id, delivery, in_ms=_RETRY_MS)
            return
        self.stats.receipts_acked += delivery.is_receipt
        self.stats.mo_acked += not delivery.is_receipt
        self._outgoing.flush(connection.system_id)

    def unacknowledged(self, connection: Connection, deliveries: list[Delivery]) -> None:
        """Keep deliveries for another try, here or at the next bind."""
        self._outgoing.restore(connection.system_id, deliveries)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message on its way through the centre."""

    connection: Connection
    pdu: Message
    behaviour: Behaviour
    at: datetime
