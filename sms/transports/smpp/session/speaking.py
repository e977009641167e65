"""The half of a session that speaks: requests, answers, and the octets to be written."""

from sms.transports.smpp.codec import (
    Bind,
    CommandStatus,
    EnquireLink,
    Pdu,
    Unbind,
    encode,
    plain_response,
)
from sms.transports.smpp.session.events import (
    MODES,
    Role,
    SessionOver,
    State,
)
from sms.transports.smpp.session.framing import FrameBuffer
from sms.transports.smpp.session.requests import WINDOWED, OpenRequest, OpenRequests
from sms.transports.smpp.session.rules import ALLOWED, NO_MODE, TAKEN, USUAL, Timers


class WrongState(RuntimeError):
    """Our own fault: this request is not for this role or this state."""


class WindowFull(RuntimeError):
    """Our own fault: `window_free` was 0."""


class Speaker:
    """Its state, and what it writes. Not thread-safe."""

    def __init__(
        self,
        role: Role,
        *,
        now: float,
        timers: Timers = USUAL,
        window_size: int = 10,
        first_sequence: int = 1,
    ) -> None:
        self.role = role
        self.state = State.OPEN
        self.mode = NO_MODE
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
        table = ALLOWED if sender is self.role else TAKEN
        return bool(table[type(pdu)].get(sender, NO_MODE) & self.mode)

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

    def _send(self, pdu: Pdu) -> None:
        self._outbox.append((encode(pdu), None))

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
