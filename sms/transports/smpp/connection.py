"""One TCP connection and the session on it, for either role, on asyncio."""

import asyncio
import logging
import socket
import uuid
from collections.abc import Callable, Iterable
from typing import Protocol, cast

from sms.transports.smpp.codec import Unbind, encode
from sms.transports.smpp.session import Event, Session, SessionOver, State
from sms.transports.smpp.tls import reason_of

logger = logging.getLogger(__name__)

_HUNG_UP = "connection lost"

_LINGER_S = 2.0
"""For a peer that does not read to take our last octets."""

_BITE = 512
"""Octets that are read before something is written: some twenty answers, or three receipts."""

_UNBIND = encode(Unbind(sequence_number=1))[:8]
"""How it begins. In other octets it tells of an unbind that is none, and costs nothing then."""

_BACKLOG_MAX = 10_000
"""PDUs, nearly all of them short answers, that may wait for a peer to read."""


class Owner(Protocol):
    """Who hears of a connection. Called in the loop's thread."""

    def on_event(self, connection: "Connection", event: Event) -> None:
        """Take an event; `SessionOver` comes exactly once and last."""

    def before_write(self, connection: "Connection") -> None:
        """Add requests, as many as the window has room for; they are written at once."""


class Connection(asyncio.Protocol):
    """Feeds a session, writes what it has to say in few pieces, and keeps its time."""

    def __init__(self, session: Session, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self.id = uuid.uuid4().hex
        """No other connection has it, in no process."""
        self.session = session
        self.is_congested = False
        """The peer does not read fast enough; nothing is written meanwhile."""
        self._owner = owner
        self._loop = loop
        self.transport: asyncio.Transport | None = None
        self._turn: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False

    # --- called by asyncio ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wake()

    def data_received(self, data: bytes) -> None:
        # What a bite makes room for leaves before the next one is read: a peer that answers a
        # whole window at once would wait for its next message until all answers were read. But
        # nothing more is for a peer that takes its leave, or has not bound yet.
        is_busy = self.session.state is State.BOUND and _UNBIND not in data
        size = _BITE if is_busy else len(data)
        for start in range(0, len(data), size):
            if start:
                self._write_early()
            self._hear(data[start : start + size])
            if self.session.state is State.CLOSED:
                break
        # Not at once: a peer that is slow to read may be waiting for us to read first.
        if self.is_congested and self.session.backlog > _BACKLOG_MAX and self.transport:
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        self.is_congested = True

    def resume_writing(self) -> None:
        self.is_congested = False
        if self.transport:
            self.transport.resume_reading()
        self.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        # Over TLS 1.3 a peer says only after the handshake that it does not take our certificate.
        self.end(f"connection lost: {reason_of(exc)}" if isinstance(exc, OSError) else _HUNG_UP)

    # --- called by the owner --------------------------------------------------------

    def wake(self) -> None:
        """Write what there is to write, at the end of this loop turn at the latest."""
        if self._turn is None:
            self._turn = self._loop.call_soon(self._write)

    def end(self, reason: str) -> None:
        """End the session and close the line; every open request goes to the owner."""
        self._hand_over([self.session.close(reason)])
        self.wake()

    # --- in between -----------------------------------------------------------------

    def _hear(self, data: bytes) -> None:
        self._guarded(lambda: self.session.receive_data(data, self._loop.time()))

    def _guarded(self, step: Callable[[], Iterable[Event]]) -> None:
        """Take a step of the session; a fault of ours costs this connection, not the loop."""
        try:
            self._hand_over(step())
        except Exception:
            logger.exception("session failed")
            self.end("internal error")
        self.wake()

    def _hand_over(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, SessionOver):
                self._on_over(event)
            else:
                self._owner.on_event(self, event)

    def _on_over(self, over: SessionOver) -> None:
        if not self._is_over:
            self._is_over = True
            self._owner.on_event(self, over)

    def _write_early(self) -> None:
        """Write now what the end of the turn would."""
        if self._turn and self.transport and not self.transport.is_closing():
            self._turn.cancel()
            self._write()

    def _write(self) -> None:
        self._turn = None
        if self.transport is None:
            return
        if not self.is_congested:
            self._fill()
            if data := self.session.data_to_send():
                self.transport.write(data)
        if self.session.state is State.CLOSED:
            self._close_line(self.transport)
        else:
            self._set_timer()

    def _fill(self) -> None:
        if self.session.state is State.CLOSED:
            return
        try:
            self._owner.before_write(self)
        except Exception:
            logger.exception("could not fill the window")
            self.end("internal error")

    def _close_line(self, transport: asyncio.Transport) -> None:
        if self._timer:
            self._timer.cancel()
        transport.close()
        self._loop.call_later(_LINGER_S, transport.abort)

    def _set_timer(self) -> None:
        """Have `tick` called when it is due; a timer that comes too early does no harm."""
        deadline = self.session.next_deadline()
        if deadline is None or (self._timer and self._timer.when() <= deadline):
            return
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._guarded(lambda: self.session.tick(self._loop.time()))
