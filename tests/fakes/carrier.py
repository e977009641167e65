"""The SMSC simulator in a thread, for tests whose own code is synchronous."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import TypeVar

from sms.transports.simulator.knobs import Knobs
from sms.transports.simulator.mailbox import Delivery
from sms.transports.simulator.smsc import Smsc

PATIENCE_S = 30.0

_T = TypeVar("_T")


class Carrier:
    """An `Smsc` on a port of its own; it counts what comes twice."""

    def __init__(self, **knobs: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._smsc = Smsc(knobs=Knobs(**{"receipt_delay_ms": 0, "track": 1, **knobs}))

    def __enter__(self) -> "Carrier":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._smsc.start(), self._loop).result(PATIENCE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._smsc.stop(), self._loop).result(PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    @property
    def port(self) -> int:
        return self._smsc.port

    def stats(self) -> dict[str, int]:
        """Count what happened so far."""
        return self._call(lambda smsc: asdict(smsc.stats) | {"binds": smsc.snapshot()["binds"]})

    def turn(self, name: str, value: int) -> None:
        """Turn a knob."""
        self._call(lambda smsc: smsc.turn(name, str(value)))

    def drop(self) -> int:
        """Cut every connection without a word."""
        return self._call(lambda smsc: smsc.drop())

    def send_inbound(self, *, sender: str, recipient: str, text: str) -> None:
        """Send a message from a handset."""
        self._call(lambda smsc: smsc.send_inbound(sender=sender, recipient=recipient, text=text))

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Send deliver_sm over whatever is bound, in this order."""
        self._call(lambda smsc: smsc.send_deliveries(deliveries))

    def _call(self, function: Callable[[Smsc], _T]) -> _T:
        async def call() -> _T:
            return function(self._smsc)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(PATIENCE_S)
