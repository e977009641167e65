"""Group commit: what the threads of a process bring while one of them is busy goes together.

A row costs the database a quarter of what its transaction costs: parsing, two checks of keys,
a flush to the disk. So a thread that finds another one storing leaves its item, and whoever
is next stores all that came meanwhile in one statement. A thread that is alone waits for
nobody.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 32
"""Items of one statement; a process has fewer threads than this."""


class Company(Generic[T]):
    """Stores items of many threads, those of one moment in one go."""

    def __init__(self, store: Callable[[Sequence[T]], None]) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: list[_Place[T]] = []
        self._is_busy = False

    def join(self, item: T) -> bool:
        """Store an item; False where it went with others and they failed, for whichever of them.

        Who gets False has to find out alone. Raises what `store` raises of an item by itself.
        """
        place = _Place(item)
        with self._lock:
            self._waiting.append(place)
            leads, self._is_busy = not self._is_busy, True
        if not leads:
            place.turn.acquire()
        return self._lead() if leads or place.leads else place.is_stored

    def _lead(self) -> bool:
        """Store all that wait, this thread's own first."""
        with self._lock:
            places, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        stored = False
        try:
            self._store([place.item for place in places])
            stored = True
        except Exception:
            if len(places) == 1:
                raise
        finally:
            self._pass_on()
            for place in places[1:]:
                place.is_stored = stored
                place.turn.release()
        return stored

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].turn.release()
            else:
                self._is_busy = False


class _Place(Generic[T]):
    """A thread that waits, until it is told that its item is stored, or to go first."""

    __slots__ = ("is_stored", "item", "leads", "turn")

    def __init__(self, item: T) -> None:
        self.item = item
        self.leads = self.is_stored = False
        self.turn = threading.Lock()
        self.turn.acquire()
