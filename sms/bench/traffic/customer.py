"""Posts messages over many connections at once: `python -m sms.bench.traffic.customer`."""

import asyncio
import re
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sms.bench.traffic.program import obey

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
FIRST_RECIPIENT = 15_551_000_000


def requests(path: str, authorization: str, form: dict[str, str], count: int) -> Iterator[bytes]:
    """Write requests for messages that are all different, to recipients that are all different."""
    for number in range(count):
        fields = {**form, "To": f"+{FIRST_RECIPIENT + number}", "Body": f"bench message {number}"}
        content = urllib.parse.urlencode(fields)
        yield (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(content)}\r\n\r\n{content}"
        ).encode()


class Connection(asyncio.Protocol):
    """Posts one request after the other, each once the last was answered."""

    def __init__(self, left: Iterator[bytes], answers: Counter[str], took: list[float]) -> None:
        self._left = left
        self._answers = answers
        self._took = took
        self._received = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._left, None)
        if request is None:
            self._transport.close()
            return
        self._asked_at = time.monotonic()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Count an answer once it is whole."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        found = LENGTH.search(self._received, 0, end + 1)
        if len(self._received) < end + 4 + (int(found[1]) if found else 0):
            return
        self._answers[self._received[9:12].decode()] += 1
        self._took.append(time.monotonic() - self._asked_at)
        self._received = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """End: by ourselves, or because the platform hung up."""
        if exc:
            self._answers["broken"] += 1
        self.done.set_result(None)


async def post(
    *,
    port: int,
    path: str,
    authorization: str,
    form: dict[str, str],
    count: int,
    connections: int,
) -> dict[str, Any]:
    """Post messages and tell how they were answered, and how fast."""
    loop = asyncio.get_running_loop()
    answers: Counter[str] = Counter()
    took: list[float] = []
    left = requests(path, authorization, form, count)
    started_at = time.monotonic()
    opened = [
        await loop.create_connection(lambda: Connection(left, answers, took), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    took.sort()
    return {
        "answers": dict(answers),
        "started_at": started_at,
        "ended_at": time.monotonic(),
        "p50_s": took[len(took) // 2],
        "p99_s": took[len(took) * 99 // 100],
    }


if __name__ == "__main__":
    asyncio.run(obey({"post": post}))
