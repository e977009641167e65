"""One connection of the simulator: a session's octets to and from a socket."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

from sms.transports.simulator.mailbox import Delivery
from sms.transports.smpp.codec import Bind, Pdu, Unbind
from sms.transports.smpp.session import (
    Answered,
    BindRequested,
    Event,
    RequestReceived,
    Role,
    Session,
    SessionOver,
    State,
    Unanswered,
)

_WINDOW_SIZE: Final = 100
_TICK_S: Final = 0.5


class Centre(Protocol):
    """What a connection needs of the message centre behind it."""

    def opened(self, connection: "Connection") -> None:
        """Hear of a new connection."""

    def bind(self, connection: "Connection", pdu: Bind) -> None:
        """Answer or refuse a bind."""

    def submit(self, connection: "Connection", pdu: Pdu) -> None:
        """Answer, refuse or ignore a request."""

    def sent(self, delivery: Delivery) -> None:
        """Hear of a delivery that leaves."""

    def acknowledged(self, connection: "Connection", delivery: Delivery, status: int) -> None:
        """Hear what the ESME answered to a delivery."""

    def unacknowledged(self, connection: "Connection", deliveries: list[Delivery]) -> None:
        """Take back deliveries without an answer, oldest first."""

    def resumed(self, connection: "Connection") -> None:
        """Hear that it has room again."""

    def closed(self, connection: "Connection", reason: str) -> None:
        """Hear that it is over; its deliveries were handed back."""


class Connection(asyncio.Protocol):
    """Feeds a session, and writes what it has once per turn of the loop."""

    def __init__(self, centre: Centre) -> None:
        self._loop = asyncio.get_running_loop()
        self._centre = centre
        self._transport: asyncio.Transport | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._flush_is_due = False
        self._is_paused = False
        self._is_over = False
        self.session = Session(Role.SMSC, now=self._loop.time(), window_size=_WINDOW_SIZE)
        self.system_id = ""
        self.peer = ""
        self.over: asyncio.Future[None] = self._loop.create_future()

    # --- the centre's side ----------------------------------------------------------

    def room(self) -> int:
        """Count the deliveries that it would take now."""
        if self._is_paused or self.session.state is not State.BOUND:
            return 0
        return self.session.window_free

    def deliver(self, delivery: Delivery) -> None:
        """Send one; the centre hears what became of it."""
        self.session.request(delivery.pdu, now=self._loop.time(), context=delivery)
        self._centre.sent(delivery)
        self._flush_soon()

    def answer(self, request: Pdu, response: Pdu) -> None:
        """Send the response to a request; nothing happens when the line is gone."""
        self.session.answer(request, response)
        self._flush_soon()

    def refuse(self, request: Pdu, command_status: int) -> None:
        """Send the negative response to a request."""
        self.session.refuse(request, command_status)
        self._flush_soon()

    def unbind(self) -> None:
        """Say good-bye; `over` is done when the peer has answered."""
        if self.session.state is not State.BOUND:
            self._close(None)
            return
        self.session.request(Unbind(), now=self._loop.time())
        self._flush_soon()

    def drop(self) -> None:
        """Cut the line without a word."""
        if self._transport:
            self._transport.abort()
        self._end(self.session.close("dropped"))

    # --- asyncio's side -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        host, port, *_ = transport.get_extra_info("peername")
        self.peer = f"{host}:{port}"
        self._tick = self._loop.call_later(_TICK_S, self._on_tick)
        self._centre.opened(self)

    def data_received(self, data: bytes) -> None:
        self._handle(self.session.receive_data(data, self._loop.time()))

    def pause_writing(self) -> None:
        # A peer that does not read gets no more work from us either.
        self._is_paused = True
        if self._transport:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_paused = False
        if self._transport:
            self._transport.resume_reading()
        self._centre.resumed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(self.session.close(f"the line is gone{f': {exc}' if exc else ''}"))

    def _on_tick(self) -> None:
        self._tick = self._loop.call_later(_TICK_S, self._on_tick)
        self._handle(self.session.tick(self._loop.time()))

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            if self._is_over:
                return
            on_event = _ON_EVENT.get(type(event))
            if on_event:
                on_event(self, event)
        self._flush_soon()

    def _on_bind(self, event: BindRequested) -> None:
        self._centre.bind(self, event.pdu)

    def _on_request(self, event: RequestReceived) -> None:
        self._centre.submit(self, event.pdu)

    def _on_answered(self, event: Answered) -> None:
        delivery = cast(Delivery, event.request.context)
        self._centre.acknowledged(self, delivery, event.pdu.command_status)

    def _on_unanswered(self, event: Unanswered) -> None:
        self._centre.unacknowledged(self, [cast(Delivery, event.request.context)])

    def _close(self, event: SessionOver | None) -> None:
        """Write what is left, then close the line."""
        self._flush()
        if self._transport:
            self._transport.close()
        self._end(event or self.session.close("closed"))

    def _end(self, event: SessionOver) -> None:
        """Hand everything back, once."""
        contexts = [request.context for request in event.open_requests]
        left = [context for context in contexts if isinstance(context, Delivery)]
        if left:
            self._centre.unacknowledged(self, left)
        if self._is_over:
            return
        self._is_over = True
        if self._tick:
            self._tick.cancel()
        self._centre.closed(self, event.reason)
        if not self.over.done():
            self.over.set_result(None)

    def _flush_soon(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        data = self.session.data_to_send()
        if data and self._transport and not self._transport.is_closing():
            self._transport.write(data)


_ON_EVENT: Final[dict[type[Event], Callable[..., None]]] = {
    BindRequested: Connection._on_bind,
    RequestReceived: Connection._on_request,
    Answered: Connection._on_answered,
    Unanswered: Connection._on_unanswered,
    SessionOver: Connection._close,
}
