"""The session: what it hears, what it makes of that, and what is due."""

from collections.abc import Callable, Mapping
from typing import Final

from sms.transports.smpp.codec import (
    HEADER,
    RESPONSE_BIT,
    Bind,
    CommandStatus,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    MalformedPdu,
    Pdu,
    Unbind,
    UnbindResp,
    decode,
    plain_response,
)
from sms.transports.smpp.session.events import (
    MODES,
    Answered,
    BindRefused,
    BindRequested,
    Bound,
    Event,
    LateResponse,
    MalformedReceived,
    PeerAlive,
    PeerUnbinds,
    RequestReceived,
    Role,
    SessionOver,
    State,
    Unanswered,
    UnexpectedResponse,
)
from sms.transports.smpp.session.framing import ImpossibleLength
from sms.transports.smpp.session.requests import WINDOWED, OpenRequest
from sms.transports.smpp.session.rules import PEER
from sms.transports.smpp.session.speaking import Speaker


class Session(Speaker):
    """One connection's worth of SMPP. Not thread-safe."""

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

    # --- the peer's requests --------------------------------------------------------

    def _on_bind(self, pdu: Pdu) -> list[Event]:
        if self.role is Role.ESME or not isinstance(pdu, Bind):
            return self._refuse_now(pdu, CommandStatus.INVALID_BIND_STATE)
        if self.state is not State.OPEN or self._peers_bind:
            return self._refuse_now(pdu, CommandStatus.ALREADY_BOUND)
        self._peers_bind = pdu
        return [BindRequested(pdu)]

    def _on_message(self, pdu: Pdu) -> list[Event]:
        if not self._is_allowed(PEER[self.role], pdu):
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
