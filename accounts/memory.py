"""What a process remembers of accounts, for seconds, and forgets when one of them changes.

A change is seen at once by every process with the same DATA_DIR, which is every one of a
host, and within settings.CACHE_SECONDS on other hosts.
"""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

V = TypeVar("V")

_CHANGES = settings.DATA_DIR / "changes"
"""Grows by an octet a change: its size tells what was remembered before the newest.

A file, since asking its size costs a microsecond where asking the database costs a round trip.
Its time would not do: two changes may fall into one tick of the clock.
"""


def recall(key: str, read: Callable[[], V]) -> V:
    """Return what is remembered under a key, or else read it; a no is not remembered."""
    changes = _count_changes()  # before reading: what changes meanwhile makes it old
    entry: tuple[int, V] | None = cache.get(key)
    if entry and entry[0] == changes:
        return entry[1]
    value = read()
    if value:
        cache.set(key, (changes, value), settings.CACHE_SECONDS)
    return value


def forget() -> None:
    """Have every process forget what it remembers, once the change is committed."""
    # The change is made whatever becomes of this: a full disk costs seconds, not the answer.
    transaction.on_commit(_note_change, robust=True)


def _count_changes() -> int:
    try:
        return _CHANGES.stat().st_size
    except FileNotFoundError:
        return 0


def _note_change() -> None:
    with _CHANGES.open("ab") as file:
        file.write(b".")
