"""An SMSC that takes all it is given, and remembers what: `python -m sms.bench.traffic.carrier`.

PDUs are read and written by hand (SMPP 3.4 §4): a session of ours would take as much of the
machine as the platform that is measured.
"""

import asyncio
import struct
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sms.bench.traffic.program import Order, obey

HEADER = struct.Struct(">IIII")
RESPONSE = 0x8000_0000
BINDS = (0x0000_0001, 0x0000_0002, 0x0000_0009)
SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 0x04, 0x05, 0x06, 0x15
DELIVER_SM_RESP = RESPONSE | DELIVER_SM
TEXT = (
    b"id:%s sub:001 dlvrd:001 submit date:2601010000 done date:2601010000"
    b" stat:DELIVRD err:000 text:"
)


class Receipt(NamedTuple):
    """A receipt until the platform has taken it."""

    remote_id: bytes
    source: bytes
    recipient: bytes


class Books:
    """What was submitted and acknowledged, over all sessions."""

    def __init__(self) -> None:
        self.receipts = False
        self.latency_s = 0.0
        self.sessions: set[Session] = set()
        self.count = 0
        """Over all runs, for ids that never come back."""
        self.undelivered: list[Receipt] = []
        """Receipts that a session ended on, for the next one."""
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.submits: Counter[str] = Counter()
        self.acknowledged = 0
        self.first_at = self.last_at = 0.0

    def enter(self, recipient: str) -> bytes:
        """Note a submit_sm; return the id it is given."""
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at
        self.submits[recipient] += 1
        self.count += 1
        return b"%d" % self.count


class Session(asyncio.Protocol):
    """One connection of the platform."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._received = b""
        self._sequence = 0
        self._unacknowledged: dict[int, Receipt] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._books.sessions.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep what it has not acknowledged for the next session, as an SMSC does."""
        self._books.sessions.discard(self)
        self._books.undelivered += self._unacknowledged.values()

    def data_received(self, data: bytes) -> None:
        """Answer every whole PDU, all in one write."""
        received, start = self._received + data, 0
        answers: list[bytes] = []
        while len(received) - start >= HEADER.size:
            length, command, _, sequence = HEADER.unpack_from(received, start)
            if len(received) - start < length:
                break
            body = received[start + HEADER.size : start + length]
            answers += self._answer(command, sequence, body)
            start += length
        self._received = received[start:]
        if answers:
            self.send(answers)

    def send(self, pdus: list[bytes]) -> None:
        """Send answers and what follows them, as late as was ordered."""
        data = b"".join(pdus)
        if self._books.latency_s:
            self._loop.call_later(self._books.latency_s, self._transport.write, data)
        else:
            self._transport.write(data)

    def _answer(self, command: int, sequence: int, body: bytes) -> list[bytes]:
        if command == SUBMIT_SM:
            return self._take(sequence, body)
        if command == DELIVER_SM_RESP:
            self._books.acknowledged += self._unacknowledged.pop(sequence, None) is not None
            return []
        if command in BINDS:
            late, self._books.undelivered = self._books.undelivered, []
            return [_pdu(RESPONSE | command, sequence, b"bench\0"), *map(self._deliver, late)]
        if command in (ENQUIRE_LINK, UNBIND):
            return [_pdu(RESPONSE | command, sequence)]
        return []

    def _take(self, sequence: int, body: bytes) -> list[bytes]:
        """Take a submit_sm, and follow it with its receipt where one is asked for."""
        source_at = body.index(b"\0") + 3
        source_end = body.index(b"\0", source_at)
        recipient_at = source_end + 3
        recipient_end = body.index(b"\0", recipient_at)
        source, recipient = body[source_at:source_end], body[recipient_at:recipient_end]
        remote_id = self._books.enter(recipient.decode())
        answers = [_pdu(RESPONSE | SUBMIT_SM, sequence, remote_id + b"\0")]
        times_end = body.index(b"\0", body.index(b"\0", recipient_end + 4) + 1)
        if self._books.receipts and body[times_end + 1] & 1:
            answers.append(self._deliver(Receipt(remote_id, source, recipient)))
        return answers

    def _deliver(self, receipt: Receipt) -> bytes:
        """Write a deliver_sm with esm_class 4 (SMPP 3.4 §4.6.1, Appendix B)."""
        self._sequence += 1
        self._unacknowledged[self._sequence] = receipt
        text = TEXT % receipt.remote_id
        body = b"".join(
            (
                *(b"\0\x01\x01", receipt.recipient, b"\0\x01\x01", receipt.source, b"\0"),
                b"\x04\0\0\0\0\0\0\0\0",
                *(bytes((len(text),)), text),
            )
        )
        return _pdu(DELIVER_SM, self._sequence, body)


def _pdu(command: int, sequence: int, body: bytes = b"") -> bytes:
    return HEADER.pack(HEADER.size + len(body), command, 0, sequence) + body


async def serve(
    books: Books, connect: Callable[[], asyncio.Protocol], more: Mapping[str, Order] | None = None
) -> None:
    """Listen, and do what is ordered: these orders, and more of a carrier that can do more."""
    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)

    async def port() -> int:
        return int(server.sockets[0].getsockname()[1])

    async def reset(*, receipts: bool = False, latency_s: float = 0.0) -> None:
        books.receipts, books.latency_s = receipts, latency_s
        books.reset()

    async def stats() -> dict[str, Any]:
        return {
            "submits": books.submits.total(),
            "messages": len(books.submits),
            "first_at": books.first_at,
            "last_at": books.last_at,
            "acknowledged": books.acknowledged,
        }

    await obey({"port": port, "reset": reset, "stats": stats, **(more or {})})


async def main() -> None:
    """Take all that comes."""
    books = Books()
    await serve(books, lambda: Session(books))


if __name__ == "__main__":
    asyncio.run(main())
