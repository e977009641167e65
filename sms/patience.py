"""How long a statement may keep the database busy."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

_STEPS = 10_000
"""SQLite's instructions from one look at the clock to the next: some tenths of a millisecond."""

_MUCH = 0.9
"""As long as so much of its time is left, a bound is not set anew: that is a statement, too."""


class OutOfTime(Exception):
    """The time was over: a statement was stopped, or there was none left for the next."""


Hurry = Callable[[], None]
"""Leaves the next statement what is left of the time. Raises OutOfTime."""
_Bound = Callable[[float], None]
"""Lets statements run for so many seconds from now."""


@contextmanager
def bounded(seconds: float) -> Iterator[Hurry]:
    """Stop each statement within that runs for so long. Raises OutOfTime.

    Who has several, and that time for all of them, calls what this gives before each.
    """
    deadline = time.monotonic() + seconds
    on_engine = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    try:
        with on_engine() as bound:
            bound(seconds)
            bound_s = seconds

            def hurry() -> None:
                nonlocal bound_s
                if (left := deadline - time.monotonic()) <= 0:
                    raise OutOfTime
                if left < _MUCH * bound_s:
                    bound(left)
                    bound_s = left

            yield hurry
    except OperationalError as error:
        if _was_stopped(error):
            raise OutOfTime from error
        raise


@contextmanager
def _on_postgresql() -> Iterator[_Bound]:
    """Let the server stop the statements of one transaction, and plan each by its values.

    A plan for any value, as a prepared statement may get, takes a filter that keeps half
    of the messages for one that keeps ten.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        yield lambda seconds: cursor.execute(
            "SELECT set_config('statement_timeout', %s, true),"
            " set_config('plan_cache_mode', 'force_custom_plan', true)",
            [str(max(1, int(seconds * 1000)))],
        )


@contextmanager
def _on_sqlite() -> Iterator[_Bound]:
    """Look at the clock while a statement runs; no transaction, which would stop writers."""
    connection.ensure_connection()

    def bound(seconds: float) -> None:
        deadline = time.monotonic() + seconds
        connection.connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)

    try:
        yield bound
    finally:
        connection.connection.set_progress_handler(None, 0)


def _was_stopped(error: OperationalError) -> bool:
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return cause.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
    return getattr(cause, "sqlstate", None) == "57014"  # query_canceled
