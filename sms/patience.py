"""How long a statement may keep the database busy."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

_STEPS = 10_000
"""SQLite's instructions from one look at the clock to the next: some tenths of a millisecond."""


class OutOfTime(Exception):
    """A statement was stopped: no index serves what was asked."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Stop each statement within that runs for so long. Raises OutOfTime."""
    bound = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    try:
        with bound(seconds):
            yield
    except OperationalError as error:
        if _was_stopped(error):
            raise OutOfTime from error
        raise


@contextmanager
def _on_postgresql(seconds: float) -> Iterator[None]:
    """Let the server stop the statements of one transaction, and plan each by its values.

    A plan for any value, as a prepared statement may get, takes a filter that keeps half
    of the messages for one that keeps ten.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true),"
            " set_config('plan_cache_mode', 'force_custom_plan', true)",
            [str(max(1, int(seconds * 1000)))],
        )
        yield


@contextmanager
def _on_sqlite(seconds: float) -> Iterator[None]:
    """Look at the clock while a statement runs; no transaction, which would stop writers."""
    connection.ensure_connection()
    deadline = time.monotonic() + seconds
    connection.connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)


def _was_stopped(error: OperationalError) -> bool:
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return cause.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
    return getattr(cause, "sqlstate", None) == "57014"  # query_canceled
