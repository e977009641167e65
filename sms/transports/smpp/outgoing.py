"""Segments on their way out: they wait here, outside the session, until they are written.

So what was written and what certainly was not can be told apart when the line breaks.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from sms.errors import ErrorCode
from sms.transports.base import (
    Accepted,
    Fault,
    Outbound,
    Outcome,
    OutcomeUnknown,
    Sink,
    TransportError,
)
from sms.transports.smpp.message import submit_sm
from sms.transports.smpp.session import OpenRequest, Session
from sms.transports.smpp.settings import SmppSettings
from sms.transports.smpp.window import Capacity, Pacer

logger = logging.getLogger(__name__)

Result = Accepted | TransportError | OutcomeUnknown


class Outgoing:
    """The queue before the window, and the count of all that has no outcome yet.

    The queue belongs to the loop's thread; room is asked for, and segments are put, from any.
    """

    def __init__(self, settings: SmppSettings, sink: Sink, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._sink = sink
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: deque[Outbound] = deque()
        self._taken = 0
        """Segments without an outcome yet, queued or in flight."""
        self._capacity = Capacity(window_size=settings.window_size, max_tps=settings.max_tps)
        self._pacer = Pacer(settings.max_tps)
        self._is_open = self._is_held = False
        self._is_short_of_room = False

    @property
    def is_open(self) -> bool:
        """Say whether segments may leave now."""
        return self._is_open and not self._is_held

    @property
    def limit(self) -> float:
        """PDUs a second that go now; 0 for as fast as the peer takes them."""
        return self._pacer.limit

    def set_open(self, is_open: bool) -> None:
        """Say whether there is a connection for segments to leave over."""
        with self._lock:
            self._is_open = is_open

    def hold(self, is_held: bool) -> None:
        """Let nothing leave while held; what has not left yet goes back."""
        with self._lock:
            self._is_held = is_held
        if is_held:
            self.return_all("held back by an operator's order")

    def change(self, settings: SmppSettings) -> None:
        """Go by new settings from the next segment on."""
        self._settings = settings
        with self._lock:
            self._capacity.change(window_size=settings.window_size, max_tps=settings.max_tps)
        self._pacer.change(settings.max_tps)

    def room(self) -> int:
        """Count the segments it would take now; 0 while none may leave."""
        with self._lock:
            held = self._capacity.held(self._clock())
            room = max(held - self._taken, 0) if self.is_open else 0
            self._is_short_of_room = room * 2 < held
            return room

    def put(self, batch: Sequence[Outbound]) -> None:
        """Take segments; each ends in exactly one outcome."""
        with self._lock:
            self._queue.extend(batch)
            self._taken += len(batch)

    def fill(self, session: Session) -> float:
        """Move segments into the session, as many as may be written now.

        Returns how many seconds to wait for the next of them; 0 when none has to.
        """
        now = self._clock()
        while self.is_open and self._queue and session.window_free:
            if wait_s := self._pacer.wait_s(now):
                return wait_s
            self._submit(session, self._queue.popleft(), now)
        return 0.0

    def _submit(self, session: Session, outbound: Outbound, now: float) -> None:
        try:
            session.request(submit_sm(outbound, self._settings), now=now, context=outbound.key)
        except Exception as error:
            # Too long for its field, or a fault of ours: this segment's own, either way.
            name = self._settings.name
            logger.warning("link %s: %s cannot be written: %s", name, outbound.sid, error)
            self.settle(outbound.key, _unsendable(error))
        else:
            self._pacer.take(now)

    def answered(self) -> None:
        """Count an answer of the peer."""
        with self._lock:
            self._capacity.answered(self._clock())

    def throttled(self) -> None:
        """Hear that the peer refused a PDU because of the rate."""
        self._pacer.throttled(self._clock())

    def settle(self, key: int, result: Result) -> None:
        """Hand in the outcome of a segment."""
        with self._lock:
            self._taken -= 1
            has_room = self._is_short_of_room and self._has_room()
            self._is_short_of_room &= not has_room
        self._sink.outcome(Outcome(key, result))
        if has_room:
            self._sink.room()

    def _has_room(self) -> bool:
        held = self._capacity.held(self._clock())
        return self.is_open and (held - self._taken) * 2 >= held

    def return_all(self, raw: str) -> None:
        """Hand back what has not been written."""
        while self._queue:
            self.settle(self._queue.popleft().key, _unsent(raw))

    def return_lost(self, key: int, request: OpenRequest) -> None:
        """Hand back a segment whose line broke."""
        if request.written:
            self.settle(key, OutcomeUnknown("connection lost before the answer", fault=Fault.LINE))
        else:
            self.settle(key, _unsent("connection lost before sending"))


def _unsent(raw: str) -> TransportError:
    return TransportError(ErrorCode.UNREACHABLE_CARRIER, permanent=False, raw=raw, fault=Fault.LINE)


def _unsendable(error: Exception) -> TransportError:
    return TransportError(ErrorCode.UNKNOWN, permanent=True, raw=f"not sent: {error}")
