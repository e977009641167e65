"""Takes callbacks and remembers their order: `python -m sms.bench.traffic.receiver`."""

import asyncio
import re
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from sms.bench.traffic.program import Order, obey

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Books:
    """What was told of each message, in the order it came."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.told: dict[str, list[tuple[str, float]]] = {}
        self.count = 0
        self.last_at = 0.0

    def enter(self, content: bytes) -> None:
        """Note a callback."""
        fields = dict(urllib.parse.parse_qsl(content.decode()))
        self.count += 1
        self.last_at = time.monotonic()
        told = (fields["MessageStatus"], self.last_at)
        self.told.setdefault(fields["MessageSid"], []).append(told)


class Connection(asyncio.Protocol):
    """One connection of the platform, kept open."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self._received, 0, end + 1)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._received) < whole:
                return
            head, content = self._received[:end], self._received[end + 4 : whole]
            self._received = self._received[whole:]
            self.take(head, content)

    def take(self, head: bytes, content: bytes) -> None:
        """Note a callback and answer it."""
        self._books.enter(content)
        self._transport.write(ANSWER)


async def serve(
    books: Books, connect: Callable[[], asyncio.Protocol], more: Mapping[str, Order] | None = None
) -> None:
    """Listen, and do what is ordered: these orders, and more of a receiver that can do more."""
    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)

    async def port() -> int:
        return int(server.sockets[0].getsockname()[1])

    async def reset() -> None:
        books.reset()

    async def stats() -> dict[str, Any]:
        orders = {
            tuple(dict.fromkeys(status for status, _ in told)) for told in books.told.values()
        }
        return {
            "callbacks": books.count,
            "messages": len(books.told),
            "orders": sorted(orders),
            "last_at": books.last_at,
        }

    await obey({"port": port, "reset": reset, "stats": stats, **(more or {})})


async def main() -> None:
    """Take all that comes."""
    books = Books()
    await serve(books, lambda: Connection(books))


if __name__ == "__main__":
    asyncio.run(main())
