"""A measuring program in a process of its own: orders go in and answers come out as JSON lines."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Self

Order = Callable[..., Awaitable[Any]]

# Orders are short; a customer may have to be waited for.
ANSWER_LIMIT = 2**26


class Program:
    """The near end: starts the program and gives it orders."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            (sys.executable, "-m", module), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def ask(self, order: str, **details: Any) -> Any:
        """Give an order and wait for the answer.

        Raises RuntimeError when the program has ended.
        """
        assert self._process.stdin and self._process.stdout  # noqa: S101  # both are pipes
        self._process.stdin.write(json.dumps([order, details]) + "\n")
        self._process.stdin.flush()
        if not (line := self._process.stdout.readline()):
            raise RuntimeError(f"{self._process.args!r} has ended")
        return json.loads(line)

    def close(self) -> None:
        """End it: it ends with its orders."""
        assert self._process.stdin  # noqa: S101
        self._process.stdin.close()
        self._process.wait(10)


async def obey(orders: dict[str, Order]) -> None:
    """Be the far end: carry out orders one after the other until they end."""
    reader = asyncio.StreamReader(limit=ANSWER_LIMIT)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order, details = json.loads(line)
        sys.stdout.write(json.dumps(await orders[order](**details)) + "\n")
        sys.stdout.flush()
