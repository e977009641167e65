"""The SIP transport: registers clients, carries messages to them and from them.

One process owns all sockets of an edge, since only through these its clients can be
reached. Everything but the count of what was taken belongs to the loop's thread.
"""

import asyncio
import errno
import ipaddress
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from sms.errors import ErrorCode
from sms.lifecycle import LinkState
from sms.text import Encoding
from sms.transports.base import (
    Outbound,
    Outcome,
    Refusal,
    Report,
    Sink,
    Split,
    TransportError,
)
from sms.transports.loop import shared_loop
from sms.transports.sip.digest import Nonces
from sms.transports.sip.fields import Malformed
from sms.transports.sip.flow import UDP, Flow
from sms.transports.sip.framing import PING
from sms.transports.sip.message import Request, parse
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
_ANY: Final = ("0.0.0.0", "::", "")  # noqa: S104  # compared with, not listened on
_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")


class SipEdge:
    """One edge. Meets `base.Transport`."""

    def __init__(
        self, settings: SipSettings, sink: Sink, office: Office, *, policy: Policy | None = None
    ) -> None:
        self._name = settings.name
        self._settings = settings
        self._sink = sink
        self._office = office
        self._policy = policy or Policy()
        self._loop = shared_loop()
        self._lock = threading.Lock()
        self._queue: deque[Outbound] = deque()
        self._taken = 0
        """Messages without an outcome yet."""
        self._is_up = False
        self._is_stopping = False
        self._is_held = False
        self._is_short_of_room = False
        self._opening: asyncio.Task[None] | None = None
        self._tick_timer: asyncio.TimerHandle | None = None
        self._repeat_timer: asyncio.TimerHandle | None = None
        self._kept_alive: dict[Flow, float] = {}
        self._registrar = Registrar()
        self._sockets = Sockets(settings, self._policy, self, self._loop)
        self._server = self._make_server()
        self._sender = self._make_sender()

    def _make_server(self) -> Server:
        settings, policy = self._settings, self._policy
        return Server(
            domain=settings.domain,
            is_ours=partial(_is_ours, settings),
            vouches=settings.vouches,
            nonces=Nonces(settings.secret),
            office=_InLoop(self._office, self._loop),
            registrar=self._registrar,
            timers=policy.timers,
            allowance=policy.allowance,
            send=self._send,
            report=self._sink.report,
            clock=self._loop.time,
            wall=time.time,
        )

    def _make_sender(self) -> Sender:
        settings = self._settings
        host = settings.public_host or settings.domain
        return Sender(
            domain=settings.domain,
            local=f"{f'[{host}]' if ':' in host else host}:{settings.port}",
            registrar=self._registrar,
            timers=self._policy.timers,
            waits_for_clients=settings.waits_for_clients,
            is_near=settings.vouches,
            send=self._send,
            settle=self._settle,
            delivered=lambda receipt: self._tell(self._sink.report, receipt),
            lost=self._forget,
            clock=self._loop.time,
            wall=time.time,
        )

    # --- base.Transport, from any thread --------------------------------------------

    def start(self) -> None:
        """Begin to listen; return at once."""
        self._loop.call_soon_threadsafe(self._start)

    def room(self) -> int:
        """Count the messages it would take now; 0 while it does not listen."""
        with self._lock:
            window = self._settings.window_size
            room = max(window - self._taken, 0) if self._is_up and not self._is_held else 0
            self._is_short_of_room = room * 2 < window
            return room

    def split(self, body: str, encoding: Encoding) -> Split:
        """Leave a message whole: clients take texts of any length."""
        return Split(encoding, (body,))

    def send(self, batch: Sequence[Outbound]) -> None:
        """Take messages; each ends in exactly one outcome."""
        with self._lock:
            self._queue.extend(batch)
            self._taken += len(batch)
        self._loop.call_soon_threadsafe(self._on_sent)

    def hold(self, is_held: bool) -> None:
        """Send nothing while held, and hand back what has not left; receiving goes on."""
        self._loop.call_soon_threadsafe(self._hold, is_held)

    def adopt(self, settings: object) -> bool:
        """Go by new settings from now on; False when they need sockets opened anew."""
        if not isinstance(settings, SipSettings) or settings.listens_elsewhere(self._settings):
            return False
        self._settings = replace(self._settings, window_size=settings.window_size)
        self._tell(self._sink.room)
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

    async def _open(self) -> None:
        """Get the ports, try after try, and what an earlier run knew of the clients."""
        for turn in range(1_000_000_000):
            try:
                where = await self._sockets.open()
            except OSError as error:
                self._on_state(LinkState.DOWN, _complaint(error, self._settings))
            else:
                if await self._restore():
                    break
                await self._sockets.close()
                self._on_state(LinkState.DOWN, "the database is away")
            waits = self._policy.reopen_s
            await asyncio.sleep(waits[min(turn, len(waits) - 1)])
        self._opening = None
        self._tick_timer = self._loop.call_later(_TICK_S, self._tick)
        with self._lock:
            self._is_up = True
        self._on_state(LinkState.UP, f"listens on {where}")

    async def _restore(self) -> bool:
        restored: asyncio.Future[Sequence[Binding] | None] = self._loop.create_future()

        def set_result(bindings: Sequence[Binding] | None) -> None:
            if not restored.done():
                restored.set_result(bindings)

        self._office.restore(lambda found: _call(self._loop, set_result, found))
        bindings = await restored
        for binding in bindings or ():
            self._registrar.put(binding)
        return bindings is not None

    def _on_sent(self) -> None:
        while self._queue:
            outbound = self._queue.popleft()
            if not self._is_up or self._is_held:
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
        self._plan_repeats()

    def _hold(self, is_held: bool) -> None:
        with self._lock:
            self._is_held = is_held
        if is_held:
            self._on_sent()
            self._sender.drain()
        else:
            self._tell(self._sink.room)

    async def _stop(self, drain_s: float) -> None:
        already, self._is_stopping = self._is_stopping, True
        if self._opening:
            self._opening.cancel()
        with self._lock:
            self._is_up = False
        self._on_sent()
        self._sender.drain()
        by = self._loop.time() + drain_s
        while self._sender.in_flight and self._loop.time() < by:
            await asyncio.sleep(_DRAIN_STEP_S)
        self._sender.give_up("the edge was stopped before an answer came")
        self._stop_timers()
        self._forget_connections()
        await self._sockets.close()
        if not already:
            self._on_state(LinkState.STOPPED, "stopped")

    def _stop_timers(self) -> None:
        for timer in (self._tick_timer, self._repeat_timer):
            if timer:
                timer.cancel()
        self._tick_timer = self._repeat_timer = None

    def _forget_connections(self) -> None:
        gone = [binding for binding in self._registrar if binding.flow.transport != UDP]
        for binding in gone:
            self._registrar.remove(binding)
        if gone:
            self._office.write((), gone, lambda done: None)

    # --- sockets.Owner --------------------------------------------------------------

    def on_message(self, flow: Flow, data: bytes) -> None:
        """Take a message; whatever it is, the edge lives on."""
        try:
            message = parse(data)
            if isinstance(message, Request):
                self._server.receive(message, flow)
            else:
                self._sender.receive(message)
        except Malformed as error:
            logger.debug("link %s: malformed message: %s", self._name, error.reason)
            if not self.is_known(flow):
                self._sockets.close_flow(flow)
        except Exception:
            logger.exception("link %s: a message could not be handled", self._name)

    def on_lost(self, flow: Flow) -> None:
        """Forget a connection, and who was reached over it."""
        gone = self._registrar.on_flow(flow)
        for binding in gone:
            self._registrar.remove(binding)
        if gone:
            self._office.write((), gone, lambda done: None)
        self._sender.flow_lost(flow)

    def on_failed(self, reason: str) -> None:
        """Hand back what is open, and open anew."""
        if self._is_stopping or not self._is_up:
            return
        with self._lock:
            self._is_up = False
        self._stop_timers()
        self._on_sent()
        self._sender.give_up(reason)
        self._server.forget_owed()
        self._on_state(LinkState.DOWN, reason)
        self._opening = self._loop.create_task(self._reopen())

    async def _reopen(self) -> None:
        self._forget_connections()
        await self._sockets.close()
        await asyncio.sleep(self._policy.reopen_s[0])
        await self._open()

    def is_known(self, flow: Flow) -> bool:
        """Say whether a client is registered over this flow."""
        return bool(self._registrar.on_flow(flow))

    # --- time -----------------------------------------------------------------------

    def _tick(self) -> None:
        self._tick_timer = self._loop.call_later(_TICK_S, self._tick)
        try:
            self._server.poll()
            self._sockets.close_idle()
            self._keep_alive()
            for binding in self._registrar.expired(time.time()):
                self._registrar.remove(binding)  # its row says itself when it ends
        except Exception:
            logger.exception("link %s: a tick failed", self._name)

    def _keep_alive(self) -> None:
        """Keep NATs open towards UDP clients, each in its own second."""
        now, every_s = self._loop.time(), self._policy.keep_alive_s
        flows = {binding.flow for binding in self._registrar if binding.flow.transport == UDP}
        self._kept_alive = {flow: self._kept_alive.get(flow, now) for flow in flows}
        for flow, at in self._kept_alive.items():
            if now - at >= every_s:
                self._kept_alive[flow] = now
                self._sockets.send(flow, PING)

    def _plan_repeats(self) -> None:
        at = self._sender.next_at
        if self._repeat_timer:
            self._repeat_timer.cancel()
        self._repeat_timer = self._loop.call_at(at, self._repeat) if at is not None else None

    def _repeat(self) -> None:
        self._repeat_timer = None
        try:
            self._sender.poll()
        except Exception:
            logger.exception("link %s: a repetition failed", self._name)
        self._plan_repeats()

    # --- handing back ---------------------------------------------------------------

    def _send(self, flow: Flow, data: bytes) -> bool:
        return self._sockets.send(flow, data)

    def _forget(self, binding: Binding) -> None:
        self._registrar.remove(binding)
        self._office.write((), [binding], lambda done: None)

    def _settle(self, key: int, result: Result) -> None:
        with self._lock:
            self._taken -= 1
            window = self._settings.window_size
            has_room = self._is_up and not self._is_held and (window - self._taken) * 2 >= window
            has_room = has_room and self._is_short_of_room
            self._is_short_of_room &= not has_room
        self._tell(self._sink.outcome, Outcome(key, result))
        if has_room:
            self._tell(self._sink.room)

    def _on_state(self, state: LinkState, detail: str) -> None:
        if self._is_stopping and state is not LinkState.STOPPED:
            return
        logger.info("link %s: %s: %s", self._name, state.value, detail)
        self._tell(self._sink.state, state, detail)
        if state is LinkState.UP:
            self._tell(self._sink.room)

    def _tell(self, hand_in: Callable[..., None], *arguments: object) -> None:
        try:
            hand_in(*arguments)
        except Exception:
            logger.exception("link %s: the sink failed", self._name)


class _InLoop:
    """An `Office` whose answers come in the loop's thread."""

    def __init__(self, office: Office, loop: asyncio.AbstractEventLoop) -> None:
        self._office = office
        self._loop = loop

    def find(self, login, then, otherwise):  # type: ignore[no-untyped-def]  # as Office
        self._office.find(
            login,
            lambda found: _call(self._loop, then, found),
            lambda: _call(self._loop, otherwise),
        )

    def write(self, put, removed, then):  # type: ignore[no-untyped-def]  # as Office
        self._office.write(put, removed, lambda done: _call(self._loop, then, done))

    def restore(self, then):  # type: ignore[no-untyped-def]  # as Office
        self._office.restore(lambda found: _call(self._loop, then, found))

    def close(self) -> None:
        self._office.close()


def _call(loop: asyncio.AbstractEventLoop, what: Callable[..., None], *arguments: object) -> None:
    loop.call_soon_threadsafe(what, *arguments)


def _is_ours(settings: SipSettings, host: str) -> bool:
    """Say whether a host in an address means this edge."""
    named = (settings.domain, settings.public_host, settings.host, *_LOCAL_NAMES)
    if host in {name.lower() for name in named if name}:
        return True
    return settings.host in _ANY and _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _complaint(error: OSError, settings: SipSettings) -> str:
    taken = error.errno == errno.EADDRINUSE or "in use" in str(error)
    ports = f"{settings.port}" + (f" or {settings.ws_port}" if settings.ws_port else "")
    return f"port {ports} of {settings.host} is taken" if taken else str(error)[:200]
