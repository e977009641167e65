"""The edge's sockets: UDP, TCP and WebSocket, all in one loop.

Whole messages come out, with the flow each came by. Source: RFC 3261 §18, RFC 7118.
"""

import asyncio
import contextlib
import itertools
import logging
from collections import Counter
from typing import Any, Final, Protocol, cast

from aiohttp import WSMsgType, web

from sms.transports.sip.fields import Malformed
from sms.transports.sip.flow import TCP, UDP, WS, Flow
from sms.transports.sip.framing import PING, PONG, Framer, Ping
from sms.transports.sip.message import BODY_LIMIT, HEAD_LIMIT
from sms.transports.sip.settings import Policy, SipSettings

logger = logging.getLogger(__name__)

_UNSENT_MAX: Final = 1_000_000
"""Octets that may wait for a peer that does not read."""
_SHORTEST: Final = 32
"""Octets; less is no message, but somebody who keeps a NAT open."""
_WS_CLOSE_S: Final = 1.0


class Owner(Protocol):
    """Who the messages are for."""

    def on_message(self, flow: Flow, data: bytes) -> None:
        """Take one whole message."""

    def on_lost(self, flow: Flow) -> None:
        """Hear that a connection is gone."""

    def on_failed(self, reason: str) -> None:
        """Hear that the sockets themselves are gone."""

    def is_known(self, flow: Flow) -> bool:
        """Say whether a client is registered over this connection."""


class _Connection(Protocol):
    """One TCP or WebSocket connection."""

    flow: Flow
    heard_at: float

    @property
    def is_between(self) -> bool:
        """Say whether no message has begun that is not whole yet."""

    def write(self, data: bytes) -> None:
        """Send a message."""

    def abort(self) -> None:
        """Close it at once."""


class Sockets:
    """All sockets of an edge. Used in the loop's thread alone."""

    def __init__(
        self, settings: SipSettings, policy: Policy, owner: Owner, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.loop = loop
        self.owner = owner
        self._settings = settings
        self._policy = policy
        self._numbers = itertools.count(1)
        self._connections: dict[Flow, _Connection] = {}
        self._per_host: Counter[str] = Counter()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._web: web.AppRunner | None = None

    async def open(self) -> str:
        """Open all of them, or none; return where they listen. Raises OSError."""
        host, port = self._settings.host, self._settings.port
        try:
            self._udp, _ = await self.loop.create_datagram_endpoint(
                lambda: _Udp(self), local_addr=(host, port)
            )
            self._tcp = await self.loop.create_server(lambda: _Tcp(self), host, port)
            if self._settings.ws_port:
                await self._open_web(host, self._settings.ws_port)
        except OSError:
            await self.close()
            raise
        ws = f", WebSocket {self._settings.ws_port}" if self._settings.ws_port else ""
        return f"{host}: UDP and TCP {port}{ws}"

    async def close(self) -> None:
        """Close everything."""
        if self._udp:
            self._udp.abort()
        if self._tcp:
            self._tcp.close()
        for connection in list(self._connections.values()):
            connection.abort()
        self._connections.clear()
        self._per_host.clear()
        if self._web:
            await self._web.cleanup()
        self._udp = self._tcp = self._web = None

    def send(self, flow: Flow, data: bytes) -> bool:
        """Send a message; False when the connection is gone."""
        if flow.transport == UDP:
            if self._udp is None or self._udp.is_closing():
                return False
            self._udp.sendto(data, (flow.host, flow.port))
            return True
        connection = self._connections.get(flow)
        if connection is None:
            return False
        connection.write(data)
        return True

    def close_flow(self, flow: Flow) -> None:
        """Close one connection."""
        if connection := self._connections.get(flow):
            connection.abort()

    def close_idle(self) -> None:
        """Close connections of strangers that say nothing, or never come to an end."""
        now = self.loop.time()
        for flow, connection in list(self._connections.items()):
            silent_s = now - connection.heard_at
            unfinished = not connection.is_between and silent_s >= self._policy.unfinished_s
            idle = silent_s >= self._policy.idle_s and not self.owner.is_known(flow)
            if unfinished or idle:
                connection.abort()

    # --- for the connections --------------------------------------------------------

    def new_flow(self, transport: str, host: str, port: int) -> Flow:
        """Name a new connection."""
        return Flow(transport, host, port, f"{next(self._numbers)}")

    def admit(self, connection: _Connection) -> bool:
        """Take a new connection in; False when there are too many."""
        host = connection.flow.host
        if len(self._connections) >= self._policy.connections_max:
            return False
        if self._per_host[host] >= self._policy.strangers_max and self._strangers(host):
            return False
        self._connections[connection.flow] = connection
        self._per_host[host] += 1
        return True

    def leave(self, connection: _Connection) -> None:
        """Forget a connection."""
        if self._connections.pop(connection.flow, None) is None:
            return
        host = connection.flow.host
        self._per_host[host] -= 1
        if self._per_host[host] <= 0:
            del self._per_host[host]
        self.owner.on_lost(connection.flow)

    def _strangers(self, host: str) -> bool:
        known = self.owner.is_known
        flows = (flow for flow in self._connections if flow.host == host and not known(flow))
        return sum(1 for _ in flows) >= self._policy.strangers_max

    # --- WebSocket ------------------------------------------------------------------

    async def _open_web(self, host: str, port: int) -> None:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._serve_web)
        runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=_WS_CLOSE_S
        )
        await runner.setup()
        self._web = runner
        await web.TCPSite(runner, host, port).start()

    async def _serve_web(self, request: web.Request) -> web.StreamResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if "sip" not in {name.strip().lower() for name in offered.split(",")}:
            return web.Response(status=400, text="Here SIP clients connect over WebSocket.\n")
        socket = web.WebSocketResponse(
            protocols=("sip",),
            max_msg_size=HEAD_LIMIT + BODY_LIMIT,
            heartbeat=self._policy.keep_alive_s,
            timeout=_WS_CLOSE_S,
        )
        await socket.prepare(request)
        connection = _Web(self, socket, *_peer_of(request))
        if self.admit(connection):
            try:
                await connection.serve()
            finally:
                self.leave(connection)
        await socket.close()
        return socket


def _peer_of(request: web.Request) -> tuple[str, int]:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    host, port = (peer or ("", 0))[:2]
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    # A proxy on this machine ends TLS for browsers, and says who they are.
    return (told if told and host in ("127.0.0.1", "::1") else host)[:64], port


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets

    def datagram_received(self, data: bytes, address: tuple[Any, ...]) -> None:
        """Take a datagram; keep-alives and STUN are for the NAT alone, not for us."""
        if len(data) < _SHORTEST or data[0] < 0x20:
            return
        self._sockets.owner.on_message(Flow(UDP, address[0], address[1]), data)

    def error_received(self, error: Exception) -> None:
        """A client that is gone, says its host. Time will tell, as it does without."""

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._sockets.owner.on_failed(f"the UDP socket is gone: {error}")


class _Tcp(asyncio.Protocol):
    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self.heard_at = sockets.loop.time()
        self.flow = Flow(TCP, "", 0)

    @property
    def is_between(self) -> bool:
        return self._framer.is_between

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        host, port = transport.get_extra_info("peername")[:2]
        self.flow = self._sockets.new_flow(TCP, host, port)
        if not self._sockets.admit(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._framer.is_between:
            self.heard_at = self._sockets.loop.time()
        try:
            for item in self._framer.receive_data(data):
                if isinstance(item, Ping):
                    self.write(PONG)
                else:
                    self._sockets.owner.on_message(self.flow, item)
        except Malformed as error:
            logger.info("a connection is closed, its stream cannot be read: %s", error.reason)
            self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._sockets.leave(self)

    def write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _UNSENT_MAX:
            self.abort()

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()


class _Web:
    def __init__(
        self, sockets: Sockets, socket: web.WebSocketResponse, host: str, port: int
    ) -> None:
        self._sockets = sockets
        self._socket = socket
        self._unsent = 0
        self._outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.heard_at = sockets.loop.time()
        self.flow = sockets.new_flow(WS, host, port)

    @property
    def is_between(self) -> bool:
        """A frame is a message: there is nothing between two of them."""
        return True

    async def serve(self) -> None:
        """Read until the end. Source: RFC 7118 §4 and §5."""
        writer = self._sockets.loop.create_task(self._write_all())
        self._task = asyncio.current_task()
        try:
            async for frame in self._socket:
                if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                self.heard_at = self._sockets.loop.time()
                data = frame.data
                self._take(data.encode("utf-8", "replace") if isinstance(data, str) else data)
        finally:
            self._outbox.put_nowait(None)
            writer.cancel()

    def _take(self, data: bytes) -> None:
        if data == PING:
            self.write(PONG)
        elif data.strip(b"\r\n"):
            self._sockets.owner.on_message(self.flow, data)

    def write(self, data: bytes) -> None:
        self._unsent += len(data)
        if self._unsent > _UNSENT_MAX:
            self.abort()
            return
        self._outbox.put_nowait(data)

    def abort(self) -> None:
        if self._task:
            self._task.cancel()

    async def _write_all(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while (data := await self._outbox.get()) is not None:
                # Text, as browsers expect it: what we write is UTF-8 throughout.
                await self._socket.send_str(data.decode("utf-8", "replace"))
                self._unsent -= len(data)
