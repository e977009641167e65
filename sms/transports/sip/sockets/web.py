"""Browsers: SIP over WebSocket, a frame a message. Source: RFC 7118."""

import asyncio
import contextlib
import logging
import socket
from typing import Final

from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError

from sms.transports.sip.flow import WS
from sms.transports.sip.framing import PING, PONG
from sms.transports.sip.message import BODY_LIMIT, HEAD_LIMIT
from sms.transports.sip.sockets.address import listener, plain
from sms.transports.sip.sockets.lobby import Lobby
from sms.transports.sip.sockets.tcp import UNSENT_MAX

_CLOSE_S: Final = 1.0


def _is_ours(record: logging.LogRecord) -> bool:
    """Say whether it was our fault: aiohttp calls an error what strangers write, and repeats it."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | ConnectionError)


_logger = logging.getLogger(__name__)
_logger.addFilter(_is_ours)


class WebServer:
    """The port that browsers connect to."""

    def __init__(
        self, lobby: Lobby, loop: asyncio.AbstractEventLoop, *, keep_alive_s: float
    ) -> None:
        self._lobby = lobby
        self._loop = loop
        self._keep_alive_s = keep_alive_s
        self._runner: web.AppRunner | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen. Raises OSError."""
        application = web.Application()
        application.router.add_get("/{path:.*}", self._serve)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=_logger,
            handle_signals=False,
            shutdown_timeout=_CLOSE_S,
        )
        await self._runner.setup()
        await web.SockSite(self._runner, listener(host, port, socket.SOCK_STREAM)).start()

    async def close(self) -> None:
        """Stop listening, and wait for what is being served."""
        if self._runner:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if "sip" not in {name.strip().lower() for name in offered.split(",")}:
            return _refusal()
        answer = web.WebSocketResponse(
            protocols=("sip",),
            max_msg_size=HEAD_LIMIT + BODY_LIMIT,
            heartbeat=self._keep_alive_s,
            timeout=_CLOSE_S,
        )
        try:
            await answer.prepare(request)
        except ValueError:  # aiohttp's, of a key that is not even ASCII
            return _refusal()
        connection = Web(self._lobby, self._loop, answer, *_peer_of(request))
        if self._lobby.admit(connection):
            try:
                await connection.serve()
            finally:
                self._lobby.leave(connection)
        await answer.close()
        return answer


class Web:
    """One WebSocket connection."""

    def __init__(
        self,
        lobby: Lobby,
        loop: asyncio.AbstractEventLoop,
        frames: web.WebSocketResponse,
        host: str,
        port: int,
    ) -> None:
        self._lobby = lobby
        self._loop = loop
        self._frames = frames
        self._unsent = 0
        self._outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.heard_at = loop.time()
        self.flow = lobby.new_flow(WS, host, port)

    @property
    def is_between(self) -> bool:
        """A frame is a message: there is nothing between two of them."""
        return True

    async def serve(self) -> None:
        """Read until the end. Source: RFC 7118 §4 and §5."""
        writer = self._loop.create_task(self._write_all())
        self._task = asyncio.current_task()
        try:
            async for frame in self._frames:
                if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                self.heard_at = self._loop.time()
                data = frame.data
                self._take(data.encode("utf-8", "replace") if isinstance(data, str) else data)
        finally:
            self._outbox.put_nowait(None)
            writer.cancel()

    def _take(self, data: bytes) -> None:
        if data == PING:
            self.write(PONG)
        elif data.strip(b"\r\n"):
            self._lobby.owner.on_message(self.flow, data)

    def write(self, data: bytes) -> None:
        """Send a message."""
        self._unsent += len(data)
        if self._unsent > UNSENT_MAX:
            self.abort()
            return
        self._outbox.put_nowait(data)

    def abort(self) -> None:
        """Close it at once."""
        if self._task:
            self._task.cancel()

    async def _write_all(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while (data := await self._outbox.get()) is not None:
                # Text, as browsers expect it: what we write is UTF-8 throughout.
                await self._frames.send_str(data.decode("utf-8", "replace"))
                self._unsent -= len(data)


def _refusal() -> web.Response:
    return web.Response(status=400, text="Here SIP clients connect over WebSocket.\n")


def _peer_of(request: web.Request) -> tuple[str, int]:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    host, port = (peer or ("", 0))[:2]
    host = plain(host)
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    # A proxy on this machine ends TLS for browsers, and says who they are.
    return (told if told and host in ("127.0.0.1", "::1") else host)[:64], port
