"""The bench's receiver, as bad as those of customers: `python -m tests.faults.receiver`."""

import asyncio
import random
import re
import time
from collections.abc import Callable

from sms.bench.traffic import receiver
from sms.bench.traffic.receiver import ANSWER

SENT_AT = re.compile(rb"\r\nwebhook-timestamp: *(\d+)", re.IGNORECASE)
TOLERANCE_S = 300
"""As Standard Webhooks and README have it: what says that it is older is not believed."""
FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
DENIED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


class Books(receiver.Books):
    """What was told, and how the receiver behaves now."""

    def __init__(self) -> None:
        super().__init__()
        self.manner = "good"


class Connection(receiver.Connection):
    """One connection of the platform."""

    def __init__(self, books: Books) -> None:
        super().__init__(books)
        self._rude = books

    def take(self, head: bytes, content: bytes) -> None:
        """Note a callback that is believed, and answer it in the manner that was ordered."""
        sent_at = SENT_AT.search(head)
        if not sent_at or abs(time.time() - int(sent_at[1])) > TOLERANCE_S:
            self._transport.write(DENIED)
            return
        MANNERS[self._rude.manner](self, content)

    def accept(self, content: bytes) -> None:
        """Note it and say so."""
        super().take(b"", content)

    def fail_half(self, content: bytes) -> None:
        """Fail, half of the time."""
        if random.random() < 0.5:
            self._transport.write(FAILED)
        else:
            self.accept(content)

    def break_off(self, content: bytes) -> None:
        """Note it, and hang up in the middle of saying so."""
        self._books.enter(content)
        self._transport.write(ANSWER[:20])
        self._transport.close()

    def dawdle(self, content: bytes) -> None:
        """Answer just before the platform gives up waiting."""
        asyncio.get_running_loop().call_later(9, self.accept, content)

    def keep_silent(self, content: bytes) -> None:
        """Be as one that hangs."""


MANNERS: dict[str, Callable[[Connection, bytes], None]] = {
    "good": Connection.accept,
    "fails half": Connection.fail_half,
    "breaks off": Connection.break_off,
    "slow": Connection.dawdle,
    "silent": Connection.keep_silent,
}


async def main() -> None:
    """Do what is ordered."""
    books = Books()

    async def told() -> dict[str, list[tuple[str, float]]]:
        return books.told

    async def behave(*, manner: str = "good") -> None:
        books.manner = manner

    await receiver.serve(books, lambda: Connection(books), {"told": told, "behave": behave})


if __name__ == "__main__":
    asyncio.run(main())
