"""What the simulator decides about each message that comes in."""

import time

from sms.transports.simulator.behaviour import OK, REFUSED_FOR_NOW, Behaviour, behaviour_for
from sms.transports.simulator.deliveries import identity
from sms.transports.simulator.knobs import Knobs
from sms.transports.simulator.stats import Stats
from sms.transports.smpp.codec import Message


class Intake:
    """Counts submits, and applies the knobs that count."""

    def __init__(self, knobs: Knobs, stats: Stats) -> None:
        self._knobs = knobs
        self._stats = stats
        self._throttle = Throttle()
        self._submits_before_drop = 0
        self._taken: set[int] = set()

    def behaviour_for(self, pdu: Message) -> Behaviour:
        """Say what happens to a message."""
        self._stats.submits += 1
        if not self._throttle.passes(self._knobs.throttle, time.monotonic()):
            self._stats.throttled += 1
            return REFUSED_FOR_NOW
        behaviour = behaviour_for(pdu.destination_addr)
        if behaviour.answer in (OK, None):
            self._remember(pdu)
        return behaviour

    def _remember(self, pdu: Message) -> None:
        if not self._knobs.track:
            return
        mark = hash(identity(pdu))
        self._stats.duplicates += mark in self._taken
        self._taken.add(mark)

    def is_drop_due(self) -> bool:
        """Say, once for each message, whether the line is to be cut at it."""
        if not self._knobs.drop_after:
            return False
        self._submits_before_drop += 1
        if self._submits_before_drop < self._knobs.drop_after:
            return False
        self._knobs.drop_after = self._submits_before_drop = 0
        return True

    def begin_drop_count(self) -> None:
        """Count the messages before a drop from here on."""
        self._submits_before_drop = 0


class Throttle:
    """Lets so many pass a second, and as many at once after a quiet second."""

    def __init__(self) -> None:
        self._tokens = 0.0
        self._seen_at = float("-inf")

    def passes(self, rate: int, now: float) -> bool:
        """Say whether one more may pass; `rate` is per second and `now` in seconds."""
        if not rate:
            return True
        self._tokens = min(rate, self._tokens + min(now - self._seen_at, 1.0) * rate)
        self._seen_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
