"""What a process remembers of accounts, for seconds, and forgets when one of them changes.

A change is seen at once by every process with the same DATA_DIR, which is every one of a
host, and within settings.CACHE_SECONDS on other hosts.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction

V = TypeVar("V")

_CHANGES = str(settings.DATA_DIR / "changes")
"""Grows by an octet a change: its size tells what was remembered before the newest.

A file, since asking its size costs a microsecond where asking the database costs a round trip.
Its time would not do: two changes may fall into one tick of the clock.
"""

MOST = 50_000
"""Entries that are kept; the oldest goes first."""

# Objects as they are, and not Django's cache: that pickles, and an accepted request recalls
# four things. So what is remembered must not be changed by who gets it.
_entries: dict[str, tuple[int, float, Any]] = {}
"""How many changes there had been, until when it holds, and what was read."""
_writing = threading.Lock()


def recall(key: str, read: Callable[[], V]) -> V:
    """Return what is remembered under a key, or else read it; a no is not remembered."""
    changes = _count_changes()  # before reading: what changes meanwhile makes it old
    entry = _entries.get(key)
    if entry and entry[0] == changes and time.monotonic() < entry[1]:
        value: V = entry[2]
        return value
    value = read()
    if value:
        _keep(key, (changes, time.monotonic() + settings.CACHE_SECONDS, value))
    return value


def clear() -> None:
    """Forget what this process remembers; others are told nothing."""
    with _writing:
        _entries.clear()


def _keep(key: str, entry: tuple[int, float, Any]) -> None:
    with _writing:
        _entries.pop(key, None)  # or it would keep its old place in the order
        if len(_entries) >= MOST:
            del _entries[next(iter(_entries))]
        _entries[key] = entry


def forget() -> None:
    """Have every process forget what it remembers, once the change is committed."""
    # The change is made whatever becomes of this: a full disk costs seconds, not the answer.
    transaction.on_commit(_note_change, robust=True)


def _count_changes() -> int:
    try:
        return os.stat(_CHANGES).st_size  # a path of pathlib takes twice as long
    except FileNotFoundError:
        return 0


def _note_change() -> None:
    with open(_CHANGES, "ab") as file:
        file.write(b".")
