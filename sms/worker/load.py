"""What the answers of a link come to: how many a second, and what the peer refused last."""

import time
from collections.abc import Callable, Collection

from django.utils import timezone

from sms.slots import Load
from sms.transports.base import Accepted, Outcome

KEPT = 5
"""Different refusals that are shown."""
_WORDS_LENGTH = 160


class LoadMeter:
    """Counts outcomes batch by batch, and is read with each renewal of the slot.

    Used by the pump's thread. It outlives the line, whose end is what one wants to know of.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._read_at = clock()
        self._answers = 0
        self._errors: dict[str, tuple[int, str]] = {}
        """How often and when last, by the peer's words; the newest last."""
        self._has_news = False

    def count(self, outcomes: Collection[Outcome]) -> None:
        """Count what came of segments."""
        self._answers += len(outcomes)
        for outcome in outcomes:
            if not isinstance(outcome.result, Accepted):
                self._note(outcome.result.raw[:_WORDS_LENGTH])

    def read(self, in_flight: int) -> Load:
        """Tell how it has gone since the last time; errors only where there are new ones."""
        now = self._clock()
        passed_s, self._read_at = now - self._read_at, now
        answers, self._answers = self._answers, 0
        has_news, self._has_news = self._has_news, False
        return Load(
            in_flight=in_flight,
            throughput=round(answers / max(passed_s, 0.001), 2),
            errors=self._told() if has_news else None,
        )

    def _note(self, words: str) -> None:
        times, _ = self._errors.pop(words, (0, ""))
        self._errors[words] = times + 1, timezone.now().isoformat(timespec="seconds")
        if len(self._errors) > KEPT:
            del self._errors[next(iter(self._errors))]
        self._has_news = True

    def _told(self) -> list[dict[str, object]]:
        return [
            {"words": words, "times": times, "at": at}
            for words, (times, at) in reversed(self._errors.items())
        ]
