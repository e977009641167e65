"""The receiver of callbacks that people try the platform with: it answers, and remembers."""

import logging
import socket
import socketserver
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from urllib.parse import parse_qsl

from sms.webhook.signature import verify

logger = logging.getLogger(__name__)

_MAX_BODY_BYTES = 1 << 20
_REMEMBERED = 10_000  # a demo may run for weeks
_IDLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request that came in."""

    method: str
    path: str
    """As asked for, with its query."""
    fields: dict[str, str] = field(repr=False)
    """Of the body with POST, of the query with GET."""
    headers: dict[str, str] = field(repr=False)
    """By lower-case name."""
    verified: bool | None
    """Whether the signature is good; None where the receiver has no secret."""
    peer: str
    """The other end of the connection, `host:port`."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer, and when."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    """Before the first byte; closing the receiver ends the wait."""


def accept(_: Received) -> Reply:
    """Answer 200 to everything."""
    return Reply()


class CallbackReceiver:
    """An HTTP server in a daemon thread; port 0 lets the system choose one.

    `reply` decides each answer and may be replaced while it runs.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        secret: str | None = None,
        reply: Callable[[Received], Reply] = accept,
    ) -> None:
        """Listen at once.

        Raises OSError when the port is taken.
        """
        self.secret = secret
        self.reply = reply
        self._received: deque[Received] = deque(maxlen=_REMEMBERED)
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="callback-receiver", daemon=True
        )

    def __enter__(self) -> "CallbackReceiver":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address of its root, `http://host:port/`."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/"

    @property
    def received(self) -> list[Received]:
        """What came in so far, oldest first; the last ten thousand."""
        with self._arrived:
            return list(self._received)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening and drop every connection, answered or not."""
        self._closing.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._server.drop_connections()

    def wait_for(
        self, predicate: Callable[[list[Received]], bool], timeout_s: float
    ) -> list[Received]:
        """Wait until `predicate` holds for what came in so far, and return that.

        Raises TimeoutError after `timeout_s` seconds.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: predicate(list(self._received)), timeout_s):
                raise TimeoutError(f"{len(self._received)} requests came, not what was waited for")
            return list(self._received)

    def take(self, request: Received) -> Reply | None:
        """Remember a request and find its answer; None once the receiver is closing."""
        logger.info("%s from %s, verified: %s", request.method, request.peer, request.verified)
        with self._arrived:
            self._received.append(request)
            self._arrived.notify_all()
        reply = self.reply(request)
        return None if self._closing.wait(reply.delay_s) else reply

    def verified(self, headers: dict[str, str], content: bytes) -> bool | None:
        """Judge the signature of a request; None without a secret."""
        if self.secret is None:
            return None
        return verify(secret=self.secret, headers=headers, body=content, now=time.time())


class _Server(socketserver.ThreadingTCPServer):
    """One thread a connection. Not http.server's: that one asks DNS for its own name first."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], receiver: CallbackReceiver) -> None:
        self.receiver = receiver
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, peer = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, peer

    def close_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)
        super().close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        logger.debug("connection of %s ended", client_address, exc_info=True)

    def drop_connections(self) -> None:
        """End the connections that clients keep open, or they would be served for ever."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # it ended by itself
                    continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together
    timeout = _IDLE_S
    server: _Server

    def do_GET(self) -> None:
        self._serve(self.path.partition("?")[2].encode("latin-1"))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self.send_error(411)
        elif len(length) > 9 or int(length) > _MAX_BODY_BYTES:
            self.send_error(413)
        else:
            self._serve(self.rfile.read(int(length)))

    def _serve(self, content: bytes) -> None:
        reply = self.server.receiver.take(self._request(content))
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _request(self, content: bytes) -> Received:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Received(
            method=self.command,
            path=self.path,
            fields=dict(parse_qsl(content.decode(errors="replace"), keep_blank_values=True)),
            headers=headers,
            verified=self.server.receiver.verified(headers, content),
            peer="{}:{}".format(*self.client_address),
            at=datetime.now(UTC),
        )

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing here: `take` logs the request, without the text it may carry."""
