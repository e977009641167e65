"""The SIP transport: registers clients, carries messages to them and from them.

opening.py     how it gets its ports, and what an earlier run knew
intake.py      how much it takes, and what is still to be looked at
reader.py      octets that came in: to whom they go
in_loop.py     the office's answers, in the loop's thread
alarm.py       a timer that may be moved
keep_alive.py  who is due for a few octets that keep a NAT open

One process owns all sockets of an edge, since only through these its clients can be
reached. Everything but the intake belongs to the loop's thread.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final

from sms.errors import ErrorCode
from sms.lifecycle import LinkState
from sms.text import Encoding
from sms.transports.base import (
    Outbound,
    Outcome,
    Receipt,
    Refusal,
    Report,
    Sink,
    Split,
    TransportError,
)
from sms.transports.guarded import GuardedSink
from sms.transports.loop import shared_loop
from sms.transports.sip.edge.alarm import Alarm
from sms.transports.sip.edge.in_loop import InLoop
from sms.transports.sip.edge.intake import Intake
from sms.transports.sip.edge.keep_alive import KeepAlive
from sms.transports.sip.edge.opening import Opening
from sms.transports.sip.edge.reader import Reader
from sms.transports.sip.flow import UDP, Flow
from sms.transports.sip.framing import PING
from sms.transports.sip.office import Office
from sms.transports.sip.registrar import Binding, Registrar
from sms.transports.sip.sender import Result, Sender, unsent
from sms.transports.sip.server import Server
from sms.transports.sip.settings import Policy, SipSettings
from sms.transports.sip.sockets import Sockets

logger = logging.getLogger(__name__)

_TICK_S: Final = 1.0
_DRAIN_STEP_S: Final = 0.01
_SLACK_S: Final = 10.0


class SipEdge:
    """One edge. Meets `base.Transport`."""

    def __init__(
        self, settings: SipSettings, sink: Sink, office: Office, *, policy: Policy | None = None
    ) -> None:
        self._name = settings.name
        self._settings = settings
        self._sink = GuardedSink(sink, settings.name)
        self._policy = policy or Policy()
        self._loop = shared_loop()
        self._office = InLoop(office, self._loop)
        self._intake = Intake(settings.window_size)
        self._is_stopping = False
        self._opening: asyncio.Task[None] | None = None
        self._ticking = Alarm(self._loop, self._tick)
        self._repeating = Alarm(self._loop, self._repeat)
        self._keep_alive = KeepAlive(self._policy.keep_alive_s)
        self._registrar = Registrar()
        self._sockets = Sockets(settings, self._policy, self, self._loop)
        self._ports = Opening(
            self._sockets,
            self._office,
            self._registrar,
            waits_s=self._policy.reopen_s,
            complain=lambda reason: self._on_state(LinkState.DOWN, reason),
        )
        self._server = Server(
            settings,
            self._policy,
            office=self._office,
            registrar=self._registrar,
            send=self._sockets.send,
            report=self._sink.report,
            clock=self._loop.time,
            wall=time.time,
        )
        self._sender = Sender(
            settings,
            self._policy,
            registrar=self._registrar,
            send=self._sockets.send,
            settle=self._settle,
            delivered=self._delivered,
            lost=self._forget,
            clock=self._loop.time,
            wall=time.time,
        )
        self._reader = Reader(self._server, self._sender, cut_off=self._cut_off)

    # --- base.Transport, from any thread --------------------------------------------

    def start(self) -> None:
        """Begin to listen; return at once."""
        self._loop.call_soon_threadsafe(self._start)

    def room(self) -> int:
        """Count the messages it would take now; 0 while it does not listen."""
        return self._intake.room()

    def in_flight(self) -> int:
        """Count the messages that wait for a client's answer."""
        return self._intake.in_hand

    def split(self, body: str, encoding: Encoding) -> Split:
        """Leave a message whole: clients take texts of any length."""
        return Split(encoding, (body,))

    def send(self, batch: Sequence[Outbound]) -> None:
        """Take messages; each ends in exactly one outcome."""
        self._intake.take(batch)
        self._loop.call_soon_threadsafe(self._on_sent)

    def hold(self, is_held: bool) -> None:
        """Send nothing while held, and hand back what has not left; receiving goes on."""
        self._loop.call_soon_threadsafe(self._hold, is_held)

    def adopt(self, settings: object) -> bool:
        """Go by new settings from now on; False when they need sockets opened anew."""
        if not isinstance(settings, SipSettings) or settings.listens_elsewhere(self._settings):
            return False
        self._intake.window_size = settings.window_size
        self._sink.room()
        return True

    def answer(self, reports: Sequence[Report], *, stored: bool) -> None:
        """Answer clients' messages; what was not stored they may send again."""
        tokens = [report.token for report in reports]
        self._loop.call_soon_threadsafe(lambda: self._server.answer(tokens, stored=stored))

    def refuse(self, refusals: Mapping[int, Refusal]) -> None:
        """Answer clients whose messages are not taken."""
        self._loop.call_soon_threadsafe(self._server.refuse, dict(refusals))

    def stop(self, *, drain_s: float) -> None:
        """Wait for answers, close; every message taken has its outcome then."""
        stopped = asyncio.run_coroutine_threadsafe(self._stop(drain_s), self._loop)
        stopped.result(drain_s + _SLACK_S)
        self._office.close()

    # --- the same in the loop's thread ----------------------------------------------

    def _start(self) -> None:
        if not self._is_stopping and self._opening is None:
            self._opening = self._loop.create_task(self._open())

    async def _open(self, *, again: bool = False) -> None:
        where = await (self._ports.reopen() if again else self._ports.open())
        self._opening = None
        self._ticking.set(self._loop.time() + _TICK_S)
        self._intake.set_up(True)
        self._on_state(LinkState.UP, f"listens on {where}")

    def _on_sent(self) -> None:
        for outbound in self._intake.waiting():
            if not self._intake.is_open:
                self._settle(outbound.key, unsent("the edge does not listen"))
                continue
            try:
                self._sender.take(outbound)
            except Exception as error:
                logger.exception("link %s: %s cannot be sent", self._name, outbound.sid)
                raw = f"not sent: {error}"
                self._settle(
                    outbound.key, TransportError(ErrorCode.UNKNOWN, permanent=True, raw=raw)
                )
        self._repeating.set(self._sender.next_at)

    def _hold(self, is_held: bool) -> None:
        self._intake.set_held(is_held)
        if is_held:
            self._on_sent()
            self._sender.drain()
        else:
            self._sink.room()

    async def _stop(self, drain_s: float) -> None:
        already, self._is_stopping = self._is_stopping, True
        if self._opening:
            self._opening.cancel()
        self._intake.set_up(False)
        self._on_sent()
        self._sender.drain()
        by = self._loop.time() + drain_s
        while self._sender.in_flight and self._loop.time() < by:
            await asyncio.sleep(_DRAIN_STEP_S)
        self._sender.give_up("the edge was stopped before an answer came")
        self._stop_timers()
        self._part()
        await self._sockets.close()
        if not already:
            self._on_state(LinkState.STOPPED, "stopped")

    def _stop_timers(self) -> None:
        self._ticking.set(None)
        self._repeating.set(None)

    def _part(self) -> None:
        """Take leave of the clients whose connections end now."""
        broken = [binding for binding in self._registrar if binding.flow.transport != UDP]
        for binding in broken:
            self._registrar.remove(binding)
        self._office.part(broken, time.time())

    # --- sockets.Owner --------------------------------------------------------------

    def on_message(self, flow: Flow, data: bytes) -> None:
        """Take a message."""
        self._reader.take(flow, data)

    def on_lost(self, flow: Flow) -> None:
        """Forget a connection, and who was reached over it."""
        gone = self._registrar.on_flow(flow)
        for binding in gone:
            self._registrar.remove(binding)
        self._office.forget(gone)
        self._sender.flow_lost(flow)

    def on_failed(self, reason: str) -> None:
        """Hand back what is open, and open anew."""
        if self._is_stopping or not self._intake.is_up:
            return
        self._intake.set_up(False)
        self._stop_timers()
        self._on_sent()
        self._sender.give_up(reason)
        self._server.forget_owed()
        self._on_state(LinkState.DOWN, reason)
        self._part()
        self._opening = self._loop.create_task(self._open(again=True))

    def _cut_off(self, flow: Flow) -> None:
        if not self.is_known(flow):
            self._sockets.close_flow(flow)

    def is_known(self, flow: Flow) -> bool:
        """Say whether a client is registered over this flow."""
        return bool(self._registrar.on_flow(flow))

    # --- time -----------------------------------------------------------------------

    def _tick(self) -> None:
        now = self._loop.time()
        self._ticking.set(now + _TICK_S)
        self._server.poll()
        self._sockets.close_idle()
        for flow in self._keep_alive.due(self._registrar, now):
            self._sockets.send(flow, PING)
        for binding in self._registrar.expired(time.time()):
            self._registrar.remove(binding)  # its row says itself when it ends

    def _repeat(self) -> None:
        try:
            self._sender.poll()
        finally:
            self._repeating.set(self._sender.next_at)

    # --- handing back ---------------------------------------------------------------

    def _forget(self, binding: Binding) -> None:
        self._registrar.remove(binding)
        self._office.forget([binding])

    def _settle(self, key: int, result: Result) -> None:
        has_room = self._intake.settled()
        self._sink.outcome(Outcome(key, result))
        if has_room:
            self._sink.room()

    def _delivered(self, receipt: Receipt) -> None:
        try:
            self._sink.report(receipt)
        except Exception:
            logger.exception("link %s: a receipt was not taken", self._name)

    def _on_state(self, state: LinkState, detail: str) -> None:
        if self._is_stopping and state is not LinkState.STOPPED:
            return
        logger.info("link %s: %s: %s", self._name, state.value, detail)
        self._sink.state(state, detail)
        if state is LinkState.UP:
            self._sink.room()
