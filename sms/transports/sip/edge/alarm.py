"""One timer of the loop, whose step cannot fail the loop's thread."""

import asyncio
import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Alarm:
    """Takes a step at a time that may be moved."""

    def __init__(self, loop: asyncio.AbstractEventLoop, step: Callable[[], None]) -> None:
        self._loop = loop
        self._step = step
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at: float | None) -> None:
        """Ring at this time of the loop's instead of any other; None: not at all."""
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._ring) if at is not None else None

    def _ring(self) -> None:
        self._timer = None
        try:
            self._step()
        except Exception:
            logger.exception("a step of a SIP edge failed")
