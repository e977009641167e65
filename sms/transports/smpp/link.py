"""The SMPP transport: takes segments, hands outcomes and reports back.

Everything but the count of segments (outgoing.py) belongs to the loop's thread.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from sms.lifecycle import LinkState
from sms.overrides import read_statuses
from sms.text import Encoding
from sms.transports.base import (
    Outbound,
    OutcomeUnknown,
    Refusal,
    Report,
    Sink,
    Split,
)
from sms.transports.guarded import GuardedSink
from sms.transports.loop import shared_loop
from sms.transports.smpp.alarms import Alarms
from sms.transports.smpp.codec import CommandStatus, Message, Pdu, SubmitSm, Unbind, plain_response
from sms.transports.smpp.connection import Connection
from sms.transports.smpp.dialler import SESSION_STATUSES
from sms.transports.smpp.lines import Lines
from sms.transports.smpp.long_messages import split
from sms.transports.smpp.message import late_answer, read_report, result_of
from sms.transports.smpp.outgoing import Outgoing
from sms.transports.smpp.receipts import rules_of
from sms.transports.smpp.session import (
    Answered,
    Event,
    LateResponse,
    MalformedReceived,
    Mode,
    OpenRequest,
    PeerUnbinds,
    RequestReceived,
    SessionOver,
    State,
    Unanswered,
    UnexpectedResponse,
)
from sms.transports.smpp.settings import RetryPolicy, SmppSettings
from sms.transports.smpp.status import is_our_mistake, status_name

__all__ = ["RetryPolicy", "SmppLink", "SmppSettings"]

logger = logging.getLogger(__name__)

_COME_AGAIN: Final = CommandStatus.QUEUE_FULL
_NEVER_TAKEN: Final = CommandStatus.PERMANENT_APP_ERROR

_OWED_MAX: Final = 5_000
"""Reports that may wait for the database; a peer that minds no window is told to wait."""

_FAULTS: Final = frozenset({LinkState.DOWN, LinkState.REFUSED})

_DRAIN_STEP_S: Final = 0.01
_SLACK_S: Final = 5.0


class SmppLink:
    """One bind, or a pair of them, kept open. Meets `base.Transport`."""

    def __init__(
        self, settings: SmppSettings, sink: Sink, *, policy: RetryPolicy | None = None
    ) -> None:
        self._name = settings.name
        self._settings = settings
        self._statuses = read_statuses(settings.status_overrides)
        self._rules = rules_of(settings)
        self._sink = GuardedSink(sink, settings.name)
        self._policy = policy or RetryPolicy()
        self._loop = shared_loop()
        self._lines = Lines(
            settings, self._policy, owner=self, report_state=self._on_state, loop=self._loop
        )
        self._alarms = Alarms(settings.name, self._loop.time)
        self._outgoing = Outgoing(settings, self._sink, self._loop.time)
        self._is_stopping = False
        self._pace_timer: asyncio.TimerHandle | None = None
        self._tokens = itertools.count(1)
        self._owed: dict[int, tuple[Connection, Pdu]] = {}
        """The reports that wait for `answer`, by token, and where each came from."""
        self._rejected: tuple[Connection, int] | None = None
        """The session that the peer takes no messages on, until all have their answers."""

    # --- base.Transport, from any thread --------------------------------------------

    def start(self) -> None:
        """Begin to connect; return at once."""
        self._loop.call_soon_threadsafe(self._start)

    def room(self) -> int:
        """Count the segments it would take now; 0 while it is not bound."""
        return self._outgoing.room()

    def in_flight(self) -> int:
        """Count the requests that wait for the peer's answer: what of the window is in use."""
        connection = self._lines.transmitting
        if connection is None:
            return 0
        return connection.session.window_size - connection.session.window_free

    def split(self, body: str, encoding: Encoding) -> Split:
        """Cut a message into the segments that it goes out in."""
        way, alphabet = self._settings.long_messages, self._settings.default_alphabet
        return split(body, encoding, way=way, alphabet=alphabet)

    def send(self, batch: Sequence[Outbound]) -> None:
        """Take segments; each ends in exactly one outcome."""
        self._outgoing.put(batch)
        self._loop.call_soon_threadsafe(self._on_sent)

    def hold(self, is_held: bool) -> None:
        """Send nothing while held, and hand back what has not left; receiving goes on."""
        self._loop.call_soon_threadsafe(self._hold, is_held)

    def adopt(self, settings: object) -> bool:
        """Go by new settings from now on; False when they need a connection made anew."""
        if not isinstance(settings, SmppSettings):
            return False
        if settings.needs_new_connection(self._settings):
            return False
        self._loop.call_soon_threadsafe(self._adopt, settings)
        return True

    def answer(self, reports: Sequence[Report], *, stored: bool) -> None:
        """Answer reports of the peer; those of a connection that is gone come again."""
        tokens = [report.token for report in reports]
        command_status = CommandStatus.OK if stored else _COME_AGAIN
        self._loop.call_soon_threadsafe(self._on_reports_answered, tokens, command_status)

    def refuse(self, refusals: Mapping[int, Refusal]) -> None:
        """Answer messages of the peer for good: it need not bring them again."""
        tokens = list(refusals)
        self._loop.call_soon_threadsafe(self._on_reports_answered, tokens, _NEVER_TAKEN)

    def stop(self, *, drain_s: float) -> None:
        """Wait for answers, unbind, close; every segment taken has its outcome then."""
        stopped = asyncio.run_coroutine_threadsafe(self._stop(drain_s), self._loop)
        stopped.result(drain_s + self._policy.unbind_s + _SLACK_S)

    # --- the same in the loop's thread ----------------------------------------------

    def _start(self) -> None:
        if not self._is_stopping:
            self._lines.start()

    def _hold(self, is_held: bool) -> None:
        self._outgoing.hold(is_held)
        if not is_held:
            self._sink.room()

    def _adopt(self, settings: SmppSettings) -> None:
        self._settings = settings
        self._name = settings.name
        self._statuses = read_statuses(settings.status_overrides)
        self._rules = rules_of(settings)
        self._outgoing.change(settings)
        self._lines.adopt(settings)
        if self._pace_timer:  # it was set by the old rate
            self._pace_timer.cancel()
            self._pace_timer = None
        self._wake()

    def _on_sent(self) -> None:
        if not self._outgoing.is_open:
            self._outgoing.return_all("not connected")
        else:
            self._wake()

    def _wake(self) -> None:
        if self._lines.transmitting:
            self._lines.transmitting.wake()

    def _on_reports_answered(self, tokens: Sequence[int], command_status: int) -> None:
        for token in tokens:
            if owed := self._owed.pop(token, None):
                self._respond(*owed, command_status)

    def _respond(self, connection: Connection, pdu: Pdu, command_status: int) -> None:
        connection.session.answer(pdu, plain_response(pdu.command_id, 0, command_status))
        connection.wake()

    async def _stop(self, drain_s: float) -> None:
        self._is_stopping = True
        self._outgoing.set_open(False)
        self._outgoing.return_all("the link is stopping")
        self._lines.dial_no_more()
        # Receipts may come in until the last answer has.
        for connection in self._lines:
            await self._say_goodbye(connection, drain_s)
        await self._lines.stop()
        self._on_state(LinkState.STOPPED, "stopped")

    async def _say_goodbye(self, connection: Connection, drain_s: float) -> None:
        session = connection.session
        await self._until(lambda: session.window_free == session.window_size, drain_s)
        if session.state is State.BOUND:
            session.request(Unbind(), now=self._loop.time())
            connection.wake()
            await self._until(lambda: session.state is State.CLOSED, self._policy.unbind_s)
        connection.end("the link was stopped")

    async def _until(self, is_done: Callable[[], bool], within_s: float) -> None:
        by = self._loop.time() + within_s
        while not is_done() and self._loop.time() < by:
            await asyncio.sleep(_DRAIN_STEP_S)

    # --- connection.Owner: from the queue into the window ---------------------------

    def before_write(self, connection: Connection) -> None:
        """Move segments from the queue into the session, as many as may be written now."""
        if Mode.TRANSMITTER in connection.session.mode:
            if wait_s := self._outgoing.fill(connection.session):
                self._wake_in(wait_s)

    def _wake_in(self, wait_s: float) -> None:
        if self._pace_timer is None:
            self._pace_timer = self._loop.call_later(wait_s, self._on_pace)

    def _on_pace(self) -> None:
        self._pace_timer = None
        self._wake()

    # --- connection.Owner: what the peer says ---------------------------------------

    def on_event(self, connection: Connection, event: Event) -> None:
        """Take an event of the session; a fault of ours must not cost the events after it."""
        handle = _ON_EVENT.get(type(event))
        try:
            if handle:
                handle(self, connection, event)
        except Exception:
            logger.exception("link %s: %s", self._name, type(event).__name__)

    def _on_answered(self, connection: Connection, event: Answered) -> None:
        self._outgoing.answered()
        self._outgoing.settle(_key_of(event.request), result_of(event.pdu, self._statuses))
        self._react(connection, event.pdu)

    def _react(self, connection: Connection, answer: Pdu) -> None:
        """Do what an answer asks for beyond its own segment."""
        status = answer.command_status
        if status == CommandStatus.THROTTLED:
            self._outgoing.throttled()
            self._alarms.warn("throttled", f"throttled to {self._outgoing.limit:.1f}/s")
        elif status in self._statuses:
            pass  # the operator has said what it is about
        elif status in SESSION_STATUSES:
            self._reject(connection, status)
        elif is_our_mistake(status):
            name = status_name(status)
            self._alarms.warn(name, f"{name} to {answer!r}: is the link set right?", logging.ERROR)
        self._end_rejected(connection)

    def _reject(self, connection: Connection, status: int) -> None:
        """Submit no more on a session that the peer takes no messages on."""
        if self._rejected or connection.session.state is not State.BOUND:
            return
        self._outgoing.set_open(False)
        self._rejected = connection, status
        self._outgoing.return_all("the peer refused the session")

    def _end_rejected(self, connection: Connection) -> None:
        """End a session that is worth nothing, once nothing more can be learned on it."""
        session = connection.session
        if self._rejected and self._rejected[0] is connection:
            if session.window_free == session.window_size:
                self._lines.reject(*self._rejected)

    def _on_unanswered(self, connection: Connection, event: Unanswered) -> None:
        self._outgoing.settle(_key_of(event.request), OutcomeUnknown(event.reason))
        self._end_rejected(connection)

    def _on_late_response(self, connection: Connection, event: LateResponse) -> None:
        self._sink.late_answer(late_answer(_key_of(event.request), event.pdu))

    def _on_request(self, connection: Connection, event: RequestReceived) -> None:
        pdu = cast(Message, event.pdu)  # the session lets nothing else through to an ESME
        if len(self._owed) >= _OWED_MAX:
            self._respond(connection, pdu, _COME_AGAIN)
            return
        token = next(self._tokens)
        self._owed[token] = connection, pdu
        try:
            alphabet = self._settings.default_alphabet
            report = read_report(
                pdu, rules=self._rules, alphabet=alphabet, session=connection.id, token=token
            )
            self._sink.report(report)
        except Exception:
            logger.exception("link %s: report not taken", self._name)
            self._respond(*self._owed.pop(token), _COME_AGAIN)

    def _on_malformed(self, connection: Connection, event: MalformedReceived) -> None:
        # The header alone: behind it there may be a message, or a part of one.
        words = f"malformed PDU: {event.error} (header {event.error.header.hex()})"
        self._alarms.warn("malformed", words)

    def _on_unexpected(self, connection: Connection, event: UnexpectedResponse) -> None:
        pdu = event.pdu
        words = f"answer to nothing asked: {pdu.name} {pdu.sequence_number}"
        self._alarms.warn("unexpected", f"{words}, {status_name(pdu.command_status)}")

    def _on_peer_unbinds(self, connection: Connection, event: PeerUnbinds) -> None:
        self._outgoing.set_open(False)
        self._outgoing.return_all("the peer unbinds")

    def _on_over(self, connection: Connection, event: SessionOver) -> None:
        self._outgoing.set_open(False)
        if self._rejected and self._rejected[0] is connection:
            self._rejected = None
        self._owed = {t: owed for t, owed in self._owed.items() if owed[0] is not connection}
        for request in event.open_requests:
            if request.pdu_class is SubmitSm:
                self._outgoing.return_lost(_key_of(request), request)
        self._outgoing.return_all("connection lost before sending")

    # --- where it stands ----------------------------------------------------------------

    def _on_state(self, state: LinkState, detail: str) -> None:
        if self._is_stopping and state is not LinkState.STOPPED:
            return  # what the farewell looks like from inside is nobody's alarm
        if state in _FAULTS:
            self._alarms.warn(f"{state}:{detail.partition(';')[0]}", f"{state.value}: {detail}")
        else:
            logger.info("link %s: %s: %s", self._name, state.value, detail)
        if state is LinkState.UP:
            self._outgoing.set_open(self._lines.are_bound and not self._rejected)
        self._sink.state(state, detail)
        if state is LinkState.UP:
            self._sink.room()


def _key_of(request: OpenRequest) -> int:
    return cast(int, request.context)  # `_submit` put it there


_ON_EVENT: Final[Mapping[type[Event], Callable[[SmppLink, Connection, Any], None]]] = {
    Answered: SmppLink._on_answered,
    Unanswered: SmppLink._on_unanswered,
    LateResponse: SmppLink._on_late_response,
    RequestReceived: SmppLink._on_request,
    MalformedReceived: SmppLink._on_malformed,
    UnexpectedResponse: SmppLink._on_unexpected,
    PeerUnbinds: SmppLink._on_peer_unbinds,
    SessionOver: SmppLink._on_over,
}
