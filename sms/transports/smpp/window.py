"""How much a link takes: its window, its rate, and what the peer answers. No I/O."""

from collections import deque

_SPAN_S = 0.1
"""About the time between two visits of the pump that brings segments."""
_AHEAD_MAX = 1_000
_CATCH_UP_S = 0.05
"""Timers fire late; what they miss is made up for, up to this much."""

_REST_S = 1.0
_GIVE_BACK_EVERY_S = 10.0
_GIVE_BACK_PART = 0.1
_ALL_OF_IT = 0.999
_SLOWEST_TPS = 1.0
"""A link that is throttled still asks this often, unless it is set to be slower."""


class Capacity:
    """How many segments to hold, so that the window stays full between the pump's visits."""

    def __init__(self, *, window_size: int, max_tps: float) -> None:
        self._answers: deque[float] = deque(maxlen=_AHEAD_MAX)
        self.change(window_size=window_size, max_tps=max_tps)

    def change(self, *, window_size: int, max_tps: float) -> None:
        """Go by another window and rate from now on."""
        self._window_size = window_size
        self._ahead_max = max(min(_AHEAD_MAX, int(max_tps) or _AHEAD_MAX), 1)

    def answered(self, now: float) -> None:
        """Count an answer of the peer."""
        self._answers.append(now)

    def held(self, now: float) -> int:
        """Count the segments to hold, in flight and ahead of the window."""
        while self._answers and self._answers[0] < now - _SPAN_S:
            self._answers.popleft()
        ahead = max(len(self._answers), self._window_size)
        return self._window_size + min(ahead, self._ahead_max)


class Pacer:
    """Spaces PDUs evenly, at most `max_tps` a second; 0 does not hold anything back.

    A peer that throttles us is left alone for a second and then gets half of what it
    got; a tenth of the full rate comes back every ten seconds. Of several binds each
    halves its own part of the link's rate: a peer that counts by bind has no quarrel with
    the others, and one that counts by login throttles them as well, a moment later.
    """

    def __init__(self, max_tps: float) -> None:
        self._max_tps = float(max_tps)
        self._limit = self._max_tps
        """PDUs a second for now; 0 for no limit."""
        self._full = 0.0
        """The rate to come back to; 0 while nobody throttles us."""
        self._due = 0.0
        self._raise_at = 0.0
        self._resting_until = 0.0
        self._recent: deque[float] = deque(maxlen=_AHEAD_MAX)

    @property
    def limit(self) -> float:
        """PDUs a second that go now; 0 for as fast as the peer takes them."""
        return self._limit

    def change(self, max_tps: float) -> None:
        """Go by another rate from now on; one that is throttled stays so, in proportion."""
        if max_tps == self._max_tps:
            return
        if self._full and self._max_tps and max_tps:
            part = max_tps / self._max_tps
            self._limit, self._full = self._limit * part, self._full * part
        else:
            self._limit, self._full = float(max_tps), 0.0
        self._max_tps = float(max_tps)
        self._due = self._resting_until  # the next PDU's time was counted by the old rate

    def wait_s(self, now: float) -> float:
        """Tell how long to wait before the next PDU; 0 when it may go now."""
        if self._full:
            self._give_back(now)
        return max(self._due - now, 0.0)

    def take(self, now: float) -> None:
        """Count a PDU that goes now."""
        self._recent.append(now)
        interval_s = 1 / self._limit if self._limit else 0.0
        self._due = max(self._due, now - _CATCH_UP_S) + interval_s

    def throttled(self, now: float) -> None:
        """Hear that the peer refused a PDU because of the rate."""
        if now < self._resting_until:
            return  # it left before we knew
        rate = self._limit or self._measured(now)
        self._full = self._full or rate
        self._limit = max(rate / 2, min(rate, _SLOWEST_TPS))
        self._resting_until = now + _REST_S
        self._due = max(self._due, self._resting_until)
        self._raise_at = now + _GIVE_BACK_EVERY_S

    def _give_back(self, now: float) -> None:
        while self._full and now >= self._raise_at:
            self._raise_at += _GIVE_BACK_EVERY_S
            self._limit += self._full * _GIVE_BACK_PART
            if self._limit > self._full * _ALL_OF_IT:
                self._limit, self._full = self._max_tps, 0.0

    def _measured(self, now: float) -> float:
        """Count the PDUs of the last second; of a longer queue of them, its rate."""
        while self._recent and self._recent[0] < now - 1:
            self._recent.popleft()
        count = len(self._recent)
        span_s = now - self._recent[0] if count == self._recent.maxlen else 1.0
        return max(count / max(span_s, 0.001), 1.0)
