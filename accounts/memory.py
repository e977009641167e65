"""What a process remembers of an account, for seconds, and forgets when the account changes.

Each process remembers for itself: a change is seen at once where it was made, and
within settings.CACHE_SECONDS everywhere else.
"""

import secrets
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction


def recall(key: str) -> Any | None:
    """Return what is remembered under a key, unless its account has changed since."""
    entry = cache.get(key)
    if entry is None:
        return None
    account_id, stamp, value = entry
    return value if stamp == _stamp(account_id) else None


def remember(key: str, value: Any, *, account_id: int) -> None:
    """Remember a value until it is too old or the account changes."""
    cache.set(key, (account_id, _stamp(account_id), value), settings.CACHE_SECONDS)


def forget(account_ids: Iterable[int]) -> None:
    """Forget everything about these accounts, once the change is committed.

    What another thread reads in that very moment may still last its seconds.
    """
    ids = list(account_ids)
    transaction.on_commit(lambda: _stamp_anew(ids))


def _stamp_anew(account_ids: list[int]) -> None:
    # A stamp may go when everything remembered before it has: then "" is as good.
    stamps = {f"changed:{account_id}": secrets.token_hex(8) for account_id in account_ids}
    cache.set_many(stamps, 2 * settings.CACHE_SECONDS)


def _stamp(account_id: int) -> str:
    stamp: str = cache.get(f"changed:{account_id}", "")
    return stamp
