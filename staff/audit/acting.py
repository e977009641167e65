"""Who acts in this thread, as entries of the audit log name it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from auditlog.models import LogEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, or something, that changes things."""

    name: str
    """A user's name, `account AC…`, or `root by setlimits`."""
    user_id: int | None = None
    address: str | None = None


_acting: ContextVar[Callable[[], Actor | None]] = ContextVar("acting", default=lambda: None)


@contextmanager
def acting(who: Callable[[], Actor | None]) -> Iterator[None]:
    """Name who acts; asked only when there is something to record."""
    token = _acting.set(who)
    try:
        yield
    finally:
        _acting.reset(token)


def actor() -> Actor | None:
    """Say who acts; None is the platform itself, or a shell."""
    return _acting.get()()


def sign(entry: LogEntry, who: Actor | None) -> None:
    """Note on an entry who made it."""
    if who is None:
        return
    entry.actor_id = who.user_id
    entry.remote_addr = who.address
    # Its own copy: a user may be renamed, and an account or a command is no user.
    entry.additional_data = {**(entry.additional_data or {}), "by": who.name}


def sign_new(instance: LogEntry, **_: Any) -> None:
    """Sign an entry that is about to be stored; a pre_save receiver."""
    if instance._state.adding:
        sign(instance, actor())
