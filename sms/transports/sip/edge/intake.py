"""Messages that the platform hands over: how many more, and which are still to be looked at."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence

from sms.transports.base import Outbound


class Intake:
    """Counts what was taken and has no outcome yet. For any thread."""

    def __init__(self, window_size: int) -> None:
        self.window_size = window_size
        self._lock = threading.Lock()
        self._queue: deque[Outbound] = deque()
        self._taken = 0
        self._is_up = False
        self._is_held = False
        self._is_short_of_room = False

    @property
    def is_open(self) -> bool:
        """Say whether what is taken can be sent."""
        return self._is_up and not self._is_held

    @property
    def in_hand(self) -> int:
        """Count what was taken and has no outcome yet."""
        return self._taken

    @property
    def is_up(self) -> bool:
        """Say whether the edge listens."""
        return self._is_up

    def set_up(self, is_up: bool) -> None:
        """Note that the edge listens, or does not."""
        with self._lock:
            self._is_up = is_up

    def set_held(self, is_held: bool) -> None:
        """Note that nothing is to be sent for now, or that it may."""
        with self._lock:
            self._is_held = is_held

    def room(self) -> int:
        """Count the messages it would take now."""
        with self._lock:
            room = max(self.window_size - self._taken, 0) if self.is_open else 0
            self._is_short_of_room = room * 2 < self.window_size
            return room

    def take(self, batch: Sequence[Outbound]) -> None:
        """Take messages."""
        with self._lock:
            self._queue.extend(batch)
            self._taken += len(batch)

    def waiting(self) -> Iterator[Outbound]:
        """Hand on what was taken, in its order."""
        while self._queue:
            yield self._queue.popleft()

    def settled(self) -> bool:
        """Count an outcome; True when there is room again for somebody who found too little."""
        with self._lock:
            self._taken -= 1
            has_room = self.is_open and (self.window_size - self._taken) * 2 >= self.window_size
            has_room = has_room and self._is_short_of_room
            self._is_short_of_room &= not has_room
            return has_room
