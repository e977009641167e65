"""A web server without manners, on raw sockets: each path behaves in a way of its own."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count

Behaviour = Callable[["RudeReceiver", socket.socket], None]


def _write(*octets: bytes) -> Behaviour:
    return lambda _, connection: connection.sendall(b"".join(octets))


def _hang(*octets: bytes) -> Behaviour:
    def behave(receiver: "RudeReceiver", connection: socket.socket) -> None:
        for one in octets:
            connection.sendall(one)
        receiver.closing.wait(30)

    return behave


def _endless(start: bytes, chunks: Iterator[bytes]) -> Behaviour:
    def behave(receiver: "RudeReceiver", connection: socket.socket) -> None:
        connection.sendall(start)
        while not receiver.closing.is_set():
            connection.sendall(next(chunks) * 500)

    return behave


def _head(status: str, *lines: str, length: int | None = 0) -> bytes:
    counted = () if length is None else (f"Content-Length: {length}",)
    # Each connection serves once; said, or a second callback would be sent into the closing one.
    lines = ("Connection: close", *lines)
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, *counted, "", ""]).encode()


BEHAVIOURS: dict[str, Behaviour] = {
    "ok": _write(_head("200 OK")),
    "500": _write(_head("500 Oops", length=4), b"oops"),
    "429": _write(_head("429 Slow", "Retry-After: 120")),
    "410": _write(_head("410 Gone")),
    "redirect": _write(_head("302 Found", "Location: /ok")),
    "silent": _hang(),
    "half-a-head": _hang(b"HTTP/1.1 200 OK\r\nContent-"),
    "half-a-body": _hang(_head("200 OK", length=100), b"half"),
    "closes": _write(),
    "too-short": _write(_head("200 OK", length=100), b"short"),
    "too-long": _write(_head("200 OK", length=2), b"longer than it said"),
    "endless-head": _endless(b"HTTP/1.1 200 OK\r\n", (b"X-%d: y\r\n" % n for n in count())),
    "endless-body": _endless(_head("200 OK", length=None), (b"x" for _ in count())),
    "garbage": _write(b"\x16\x03\x01 SSH-2.0 220 ready\r\n\r\n"),
}


def _path_of(connection: socket.socket) -> str:
    """Read a whole request: closing with some of it unread would reset the connection."""
    with connection.makefile("rb") as stream:
        path = stream.readline().split(b" ")[1].decode().strip("/").partition("?")[0]
        length = 0
        while (line := stream.readline().lower()) not in (b"\r\n", b""):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        stream.read(length)
    return path


class RudeReceiver:
    """Listens on 127.0.0.1 and remembers which paths were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="rude", daemon=True).start()

    def __enter__(self) -> "RudeReceiver":
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._listener.close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def wait_for(self, path: str, timeout_s: float = 10.0) -> None:
        until = time.monotonic() + timeout_s
        while path not in self.asked:
            assert time.monotonic() < until, f"nobody asked for {path}"
            time.sleep(0.01)

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                path = _path_of(connection)
                self.asked.append(path)
                BEHAVIOURS[path](self, connection)
            except (OSError, IndexError):  # they had enough of it
                return
