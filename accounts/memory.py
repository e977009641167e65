"""What a process remembers of accounts, for seconds, and forgets when one of them changes.

A change is seen at once by every process with the same DATA_DIR, which is every one of a
host, and within settings.CACHE_SECONDS on other hosts.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction

from accounts import changes

V = TypeVar("V")

MOST = 50_000
"""Entries that are kept; the oldest goes first."""

# Objects as they are, and not Django's cache: that pickles, and an accepted request recalls
# four things. So what is remembered must not be changed by who gets it.
_entries: dict[str, tuple[changes.Mark, float, Any]] = {}
"""The mark of the newest change then, until when it holds, and what was read."""
_writing = threading.Lock()


def recall(key: str, read: Callable[[], V]) -> V:
    """Return what is remembered under a key, or else read it; a no is not remembered."""
    mark = changes.mark()  # before reading: what changes meanwhile makes it old
    entry = _entries.get(key)
    if entry and entry[0] == mark and time.monotonic() < entry[1]:
        value: V = entry[2]
        return value
    value = read()
    if value:
        _keep(key, (mark, time.monotonic() + settings.CACHE_SECONDS, value))
    return value


def clear() -> None:
    """Forget what this process remembers; others are told nothing."""
    with _writing:
        _entries.clear()


def _keep(key: str, entry: tuple[changes.Mark, float, Any]) -> None:
    with _writing:
        _entries.pop(key, None)  # or it would keep its old place in the order
        if len(_entries) >= MOST:
            del _entries[next(iter(_entries))]
        _entries[key] = entry


def forget() -> None:
    """Have every process forget what it remembers, once the change is committed."""
    # The change is made whatever becomes of this: a full disk costs seconds, not the answer.
    transaction.on_commit(changes.note, robust=True)
