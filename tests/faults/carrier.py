"""The bench's SMSC, with the bad manners of real ones: `python -m tests.faults.carrier`."""

import asyncio
import random
from collections.abc import Callable

from sms.bench.traffic import carrier
from sms.bench.traffic.carrier import BINDS, HEADER, RESPONSE, SUBMIT_SM
from sms.bench.traffic.program import Order

SUBMIT_SM_RESP = RESPONSE | SUBMIT_SM
BIND_FAILED = 0x0000_000D  # ESME_RBINDFAIL
MISCOUNTED = 1_000_000
"""What is added to a sequence number that is wrong."""
Schedule = list[tuple[float, bytes]]
"""What is sent after how many seconds."""


class Books(carrier.Books):
    """What was submitted, and how the carrier behaves now."""

    def __init__(self) -> None:
        super().__init__()
        self.manner = "good"
        self.bind_delay_s = 0.0
        self.refuses_binds = False
        self.is_silent = False


class Session(carrier.Session):
    """One connection of the platform."""

    def __init__(self, books: Books) -> None:
        super().__init__(books)
        self._rude = books

    def data_received(self, data: bytes) -> None:
        """Answer, unless it is as if a cable were out: then what comes was never seen."""
        if not self._rude.is_silent:
            super().data_received(data)

    def send(self, pdus: list[bytes]) -> None:
        """Send answers in the manner that was ordered."""
        if _command(pdus[0]) & ~RESPONSE in BINDS:
            self._answer_bind(pdus)
            return
        for delay_s, data in MANNERS[self._rude.manner](pdus):
            self._loop.call_later(delay_s, self._transport.write, data)

    def _answer_bind(self, pdus: list[bytes]) -> None:
        if self._rude.refuses_binds:
            length, command, _, sequence = HEADER.unpack_from(pdus[0])
            self._transport.write(
                HEADER.pack(length, command, BIND_FAILED, sequence) + pdus[0][16:]
            )
            self._transport.close()
        else:
            delay_s = self._rude.bind_delay_s
            self._loop.call_later(delay_s, self._transport.write, b"".join(pdus))

    def say(self, data: bytes) -> None:
        """Send octets as they are."""
        self._transport.write(data)

    def cut(self) -> None:
        """End the connection without a word."""
        self._transport.abort()


def _well(pdus: list[bytes]) -> Schedule:
    return [(0.0, b"".join(pdus))]


def _in_any_order(pdus: list[bytes]) -> Schedule:
    return [(random.uniform(0, 0.5), pdu) for pdu in pdus]


def _twice(pdus: list[bytes]) -> Schedule:
    return [(0.0, b"".join(pdu * 2 for pdu in pdus)), (1.0, b"".join(pdus))]


def _receipts_first(pdus: list[bytes]) -> Schedule:
    return [(1.0 if _command(pdu) == SUBMIT_SM_RESP else 0.0, pdu) for pdu in pdus]


def _late(pdus: list[bytes]) -> Schedule:
    """Answer submits after everybody has given up waiting; all else in time."""
    return [(12.0 if _command(pdu) == SUBMIT_SM_RESP else 0.0, pdu) for pdu in pdus]


def _miscounted(pdus: list[bytes]) -> Schedule:
    """Number one answer in ten as that of a request which was never made."""
    return [
        (0.0, _renumbered(pdu))
        if _command(pdu) == SUBMIT_SM_RESP and random.random() < 0.1
        else (0.0, pdu)
        for pdu in pdus
    ]


MANNERS: dict[str, Callable[[list[bytes]], Schedule]] = {
    "good": _well,
    "in any order": _in_any_order,
    "twice": _twice,
    "receipts first": _receipts_first,
    "late": _late,
    "miscounted": _miscounted,
}


def _command(pdu: bytes) -> int:
    return int(HEADER.unpack_from(pdu)[1])


def _renumbered(pdu: bytes) -> bytes:
    length, command, status, sequence = HEADER.unpack_from(pdu)
    return HEADER.pack(length, command, status, sequence + MISCOUNTED) + pdu[HEADER.size :]


async def main() -> None:
    """Do what is ordered."""
    books = Books()
    sessions = books.sessions  # all of them Sessions of ours

    async def told() -> dict[str, int]:
        return dict(books.submits)

    async def drop() -> None:
        for session in list(sessions):
            assert isinstance(session, Session)
            session.cut()

    async def send(*, octets: str) -> None:
        for session in sessions:
            assert isinstance(session, Session)
            session.say(bytes.fromhex(octets))

    async def hang(*, is_silent: bool) -> None:
        books.is_silent = is_silent
        if not is_silent:
            await drop()  # nobody knows any more what the other has heard

    async def behave(*, manner: str = "good") -> None:
        books.manner = manner

    async def bind(*, delay_s: float = 0.0, refuses: bool = False) -> None:
        books.bind_delay_s, books.refuses_binds = delay_s, refuses

    more: dict[str, Order] = {
        **{"told": told, "drop": drop, "send": send},
        **{"hang": hang, "behave": behave, "bind": bind},
    }
    await carrier.serve(books, lambda: Session(books), more)


if __name__ == "__main__":
    asyncio.run(main())
