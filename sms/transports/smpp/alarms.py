"""Warnings about a link, so few that one which comes and goes does not flood the log."""

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

QUIET_S = 60.0
"""A warning of one kind is not written again for so long; the next one counts the others."""


class Alarms:
    """Of one link, named in every line. Used by one thread."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._name = name
        self._clock = clock
        self._written: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def warn(self, kind: str, words: str, level: int = logging.WARNING) -> None:
        """Write a warning, unless one of its kind was written a moment ago.

        `words` hold no text of a message, no password and no full number.
        """
        now = self._clock()
        if now - self._written.get(kind, float("-inf")) < QUIET_S:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return
        self._written[kind] = now
        left_out = self._left_out.pop(kind, 0)
        more = f" (and {left_out} more like it in the last minute)" if left_out else ""
        logger.log(level, "link %s: %s%s", self._name, words, more)
