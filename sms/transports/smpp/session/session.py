"""One SMPP session, in either role, without I/O: octets and the time in, events out.

events.py    what a session tells its owner
framing.py   from a stream of octets to whole PDUs
requests.py  our open requests, by sequence number

The owner feeds `receive_data` and `tick`, writes what `data_to_send` returns after
each call, and calls `tick` again at `next_deadline`. Every `now` is in seconds of one
monotonic clock. A session answers enquire_link and unbind by itself; everything else
that the peer asks comes out as an event and waits for `answer` or `refuse`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sms.transports.smpp.codec import (
    HEADER,
    RESPONSE_BIT,
    Bind,
    CommandStatus,
    DataSm,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    MalformedPdu,
    Pdu,
    QuerySm,
    SubmitSm,
    Unbind,
    UnbindResp,
    decode,
    encode,
    plain_response,
)
from sms.transports.smpp.session.events import (
    BINDS,
    MODES,
    Answered,
    BindRefused,
    BindRequested,
    Bound,
    Event,
    LateResponse,
    MalformedReceived,
    Mode,
    PeerAlive,
    PeerUnbinds,
    RequestReceived,
    Role,
    SessionOver,
    State,
    Unanswered,
    UnexpectedResponse,
)
from sms.transports.smpp.session.framing import FrameBuffer, ImpossibleLength
from sms.transports.smpp.session.requests import WINDOWED, OpenRequest, OpenRequests

__all__ = [
    "BINDS",
    "Answered",
    "BindRefused",
    "BindRequested",
    "Bound",
    "Event",
    "LateResponse",
    "MalformedReceived",
    "Mode",
    "OpenRequest",
    "PeerAlive",
    "PeerUnbinds",
    "RequestReceived",
    "Role",
    "Session",
    "SessionOver",
    "State",
    "Timers",
    "Unanswered",
    "UnexpectedResponse",
    "WindowFull",
    "WrongState",
]


class WrongState(RuntimeError):
    """Our own fault: this request is not for this role or this state."""


class WindowFull(RuntimeError):
    """Our own fault: `window_free` was 0."""


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


_ALLOWED: Final[Mapping[type[Pdu], Mapping[Role, Mode]]] = {
    SubmitSm: {Role.ESME: Mode.TRANSMITTER},
    QuerySm: {Role.ESME: Mode.TRANSMITTER},
    DeliverSm: {Role.SMSC: Mode.RECEIVER},
    DataSm: {Role.ESME: Mode.TRANSMITTER, Role.SMSC: Mode.RECEIVER},
}
"""Who may send what, and the bind it needs. Source: SMPP 3.4 §2.3."""

_TAKEN: Final[Mapping[type[Pdu], Mapping[Role, Mode]]] = {
    **_ALLOWED,
    # Some peers bring receipts on whichever bind is at hand; refused, they would be lost.
    DeliverSm: {Role.SMSC: Mode.TRANSCEIVER},
    DataSm: {Role.ESME: Mode.TRANSMITTER, Role.SMSC: Mode.TRANSCEIVER},
}
"""The same for what the peer sends: one of the modes is enough."""

_PEER: Final = {Role.ESME: Role.SMSC, Role.SMSC: Role.ESME}
_NO_MODE: Final = Mode(0)


class Session:
    """One connection's worth of SMPP. Not thread-safe."""

    def __init__(
        self,
        role: Role,
        *,
        now: float,
        timers: Timers = Timers(),
        window_size: int = 10,
        first_sequence: int = 1,
    ) -> None:
        self.role = role
        self.state = State.OPEN
        self.mode = _NO_MODE
        self.window_size = window_size
        self.timers = timers
        """Changed ones count from the next request on."""
        self._requests = OpenRequests(remember_s=timers.remember_s, first_sequence=first_sequence)
        self._outbox: list[tuple[bytes, OpenRequest | None]] = []
        self._frames = FrameBuffer()
        self._opened_at = now
        self._heard_at = now
        self._is_probing = False
        self._peers_bind: Bind | None = None
        self._peers_unbind: Pdu | None = None
        """Not answered yet: our window is open."""

    # --- asking ---------------------------------------------------------------------

    @property
    def window_free(self) -> int:
        """Count the messages that may be sent before the next answer."""
        return max(self.window_size - self._requests.windowed, 0)

    @property
    def open_count(self) -> int:
        """Count the requests of ours that wait for an answer."""
        return len(self._requests)

    @property
    def backlog(self) -> int:
        """Count the PDUs that wait for `data_to_send`."""
        return len(self._outbox)

    def request(self, pdu: Pdu, *, now: float, context: object = None) -> OpenRequest:
        """Queue a request under the next sequence number.

        Raises WrongState, WindowFull, and InvalidField for a PDU that cannot be
        written; then nothing was queued.
        """
        self._check_may_send(pdu)
        pdu.sequence_number = self._requests.next_sequence()
        octets = encode(pdu)
        timeout_s = self.timers.bind_s if isinstance(pdu, Bind) else self.timers.response_s
        request = OpenRequest(type(pdu), pdu.sequence_number, context, now + timeout_s)
        self._requests.add(request)
        self._outbox.append((octets, request))
        if isinstance(pdu, Unbind):
            self.state = State.UNBINDING
        return request

    def _check_may_send(self, pdu: Pdu) -> None:
        if not self._may_send(pdu):
            raise WrongState(f"{pdu.name} as {self.role.value} while {self.state.value}")
        if isinstance(pdu, WINDOWED) and not self.window_free:
            raise WindowFull(f"{self.window_size} requests are open")

    def _may_send(self, pdu: Pdu) -> bool:
        if isinstance(pdu, Bind):
            is_first = not self._requests
            return self.role is Role.ESME and self.state is State.OPEN and is_first
        if isinstance(pdu, WINDOWED):
            return self.state is State.BOUND and self._is_allowed(self.role, pdu)
        return isinstance(pdu, Unbind | EnquireLink) and self.state is State.BOUND

    def _is_allowed(self, sender: Role, pdu: Pdu) -> bool:
        table = _ALLOWED if sender is self.role else _TAKEN
        return bool(table[type(pdu)].get(sender, _NO_MODE) & self.mode)

    def answer(self, request: Pdu, response: Pdu) -> None:
        """Queue the response to a request of the peer; dropped when the session is over.

        Raises InvalidField for a response that cannot be written.
        """
        if self.state is State.CLOSED:
            return
        response.sequence_number = request.sequence_number
        self._outbox.append((encode(response), None))
        if request is self._peers_bind:
            self._peers_bind = None
            if response.command_status == CommandStatus.OK:
                self._become_bound(type(request))

    def refuse(self, request: Pdu, command_status: int) -> None:
        """Queue the negative response to a request of the peer."""
        self.answer(request, plain_response(request.command_id, 0, command_status))

    def _become_bound(self, bind: type[Pdu]) -> None:
        self.state = State.BOUND
        self.mode = MODES[bind]

    def data_to_send(self) -> bytes:
        """Take the octets to write now; the requests among them count as written."""
        data = b"".join([octets for octets, _ in self._outbox])
        for _, request in self._outbox:
            if request:
                request.written = True
        self._outbox.clear()
        return data

    def close(self, reason: str) -> SessionOver:
        """End the session at once and hand back every open request."""
        self.state = State.CLOSED
        self._frames.clear()
        # What goes back as not written must not be written after all.
        self._outbox = [(octets, request) for octets, request in self._outbox if not request]
        return SessionOver(reason, self._requests.drain())

    # --- hearing --------------------------------------------------------------------

    def receive_data(self, data: bytes, now: float) -> list[Event]:
        """Take octets from the peer, in pieces of any size."""
        self._heard_at = now
        self._frames.feed(data, now)
        events: list[Event] = []
        while self.state is not State.CLOSED:
            try:
                frame = self._frames.take(now)
            except ImpossibleLength as error:
                return [*events, self._on_impossible_length(error)]
            if frame is None:
                break
            events += self._on_frame(frame)
        return events + self._leave_when_done()

    def _on_impossible_length(self, error: ImpossibleLength) -> Event:
        status = CommandStatus.INVALID_COMMAND_LENGTH
        self._send(GenericNack(command_status=status, sequence_number=error.sequence_number))
        return self.close(str(error))

    def _on_frame(self, frame: bytes) -> list[Event]:
        try:
            pdu = decode(frame)
        except MalformedPdu as error:
            error.header = frame[: HEADER.size]
            return self._on_malformed(error)
        if pdu.command_id & RESPONSE_BIT:
            return self._on_response(pdu)
        return _ON_REQUEST[type(pdu)](self, pdu)

    def _send(self, pdu: Pdu) -> None:
        self._outbox.append((encode(pdu), None))

    # --- the peer's requests --------------------------------------------------------

    def _on_bind(self, pdu: Pdu) -> list[Event]:
        if self.role is Role.ESME or not isinstance(pdu, Bind):
            return self._refuse_now(pdu, CommandStatus.INVALID_BIND_STATE)
        if self.state is not State.OPEN or self._peers_bind:
            return self._refuse_now(pdu, CommandStatus.ALREADY_BOUND)
        self._peers_bind = pdu
        return [BindRequested(pdu)]

    def _on_message(self, pdu: Pdu) -> list[Event]:
        if not self._is_allowed(_PEER[self.role], pdu):
            return self._refuse_now(pdu, CommandStatus.INVALID_BIND_STATE)
        return [RequestReceived(pdu)]

    def _on_enquire_link(self, pdu: Pdu) -> list[Event]:
        self._send(EnquireLinkResp(sequence_number=pdu.sequence_number))
        return []

    def _on_unbind(self, pdu: Pdu) -> list[Event]:
        """Take leave: at once, or as ESME when the peer has said what became of our messages.

        Many an SMSC unbinds in the middle of a window and answers the rest of it after that,
        for as long as it has not been answered itself.
        """
        if self.role is Role.ESME and self.state is State.BOUND and self._requests.windowed:
            self.state, self._peers_unbind = State.UNBINDING, pdu
            return [PeerUnbinds()]
        return [self._take_leave(pdu)]

    def _take_leave(self, unbind: Pdu) -> SessionOver:
        self._send(UnbindResp(sequence_number=unbind.sequence_number))
        return self.close("the peer unbound")

    def _leave_when_done(self) -> list[Event]:
        unbind = self._peers_unbind
        if unbind is None or self._requests.windowed or self.state is State.CLOSED:
            return []
        return [self._take_leave(unbind)]

    def _refuse_now(self, pdu: Pdu, command_status: int) -> list[Event]:
        self.refuse(pdu, command_status)
        return []

    # --- the peer's answers ---------------------------------------------------------

    def _on_response(self, pdu: Pdu) -> list[Event]:
        request = self._requests.take(pdu.command_id, pdu.sequence_number)
        if request:
            on_answer = _ON_ANSWER.get(request.pdu_class, Session._on_message_answer)
            return on_answer(self, request, pdu)
        late = self._requests.take_late(pdu.command_id, pdu.sequence_number)
        return [LateResponse(late, pdu) if late else UnexpectedResponse(pdu)]

    def _on_message_answer(self, request: OpenRequest, pdu: Pdu) -> list[Event]:
        return [Answered(request, pdu)]

    def _on_bind_answer(self, request: OpenRequest, pdu: Pdu) -> list[Event]:
        if pdu.command_status != CommandStatus.OK or isinstance(pdu, GenericNack):
            return [BindRefused(pdu.command_status)]
        self._become_bound(request.pdu_class)
        return [Bound(self.mode, getattr(pdu, "system_id", ""))]

    def _on_enquire_link_answer(self, request: OpenRequest, pdu: Pdu) -> list[Event]:
        self._is_probing = False  # whatever it says, the peer is there
        return [PeerAlive()]

    def _on_unbind_answer(self, request: OpenRequest, pdu: Pdu) -> list[Event]:
        return [self.close("unbound")]

    def _on_malformed(self, error: MalformedPdu) -> list[Event]:
        events: list[Event] = [MalformedReceived(error)]
        if not error.command_id & RESPONSE_BIT:
            self._send(
                plain_response(error.command_id, error.sequence_number, error.command_status)
            )
            return events
        request = self._requests.take(error.command_id, error.sequence_number)
        if request:
            events += self._give_up(request, "the answer cannot be read")
        return events

    # --- time -----------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """Name the moment at which `tick` has something to do; None: never."""
        if self.state is State.CLOSED:
            return None
        deadlines = (
            self._requests.next_deadline(),
            self._probe_at(),
            self._whole_pdu_by(),
            self._bound_by(),
        )
        return min((moment for moment in deadlines if moment is not None), default=None)

    def tick(self, now: float) -> list[Event]:
        """Do what is due: give up requests, probe the peer, end the session."""
        if self.state is State.CLOSED:
            return []
        self._requests.forget(now)
        events: list[Event] = []
        for request in self._requests.expired(now):
            self._requests.remember(request, now)
            events += self._give_up(request, "no answer in time")
        if _is_past(self._whole_pdu_by(), now):
            events.append(self.close("a PDU was begun and not finished"))
        if _is_past(self._bound_by(), now):
            events.append(self.close("no bind in time"))
        if _is_past(self._probe_at(), now):
            self.probe(now)
        return events + self._leave_when_done()

    def probe(self, now: float) -> None:
        """Ask whether the peer is there: `PeerAlive` will say so, or the session ends."""
        self._is_probing = True
        self.request(EnquireLink(), now=now)

    def _give_up(self, request: OpenRequest, reason: str) -> list[Event]:
        if issubclass(request.pdu_class, WINDOWED):
            return [Unanswered(request, reason)]
        return [self.close(f"{request.pdu_class.name}: {reason}")]

    def _probe_at(self) -> float | None:
        if self.state is not State.BOUND or self._is_probing or not self.timers.enquire_link_s:
            return None
        return self._heard_at + self.timers.enquire_link_s

    def _whole_pdu_by(self) -> float | None:
        began_at = self._frames.incomplete_since
        return None if began_at is None else began_at + self.timers.whole_pdu_s

    def _bound_by(self) -> float | None:
        if self.state is not State.OPEN or self.role is Role.ESME:
            return None  # as ESME our own bind has a deadline
        return self._opened_at + self.timers.bind_s


def _is_past(moment: float | None, now: float) -> bool:
    return moment is not None and moment <= now


_OnRequest = Callable[[Session, Pdu], list[Event]]
_OnAnswer = Callable[[Session, OpenRequest, Pdu], list[Event]]

_ON_REQUEST: Final[Mapping[type[Pdu], _OnRequest]] = {
    **dict.fromkeys(MODES, Session._on_bind),
    **dict.fromkeys(WINDOWED, Session._on_message),
    EnquireLink: Session._on_enquire_link,
    Unbind: Session._on_unbind,
}
_ON_ANSWER: Final[Mapping[type[Pdu], _OnAnswer]] = {
    **dict.fromkeys(MODES, Session._on_bind_answer),
    EnquireLink: Session._on_enquire_link_answer,
    Unbind: Session._on_unbind_answer,
}
