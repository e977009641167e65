"""What the two database engines spell differently, and running a statement."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections

from sms.text import clean


@dataclass(frozen=True, slots=True)
class Engine(ABC):
    """One engine's words."""

    now: str
    ahead: str
    """Now plus a parameter, in seconds."""
    epoch: str
    """Now, in seconds since 1970."""
    skip_locked: str
    seconds_until: str
    """Seconds from now until {column}."""
    minute: str
    """The minute of {column}, as it is compared."""
    milliseconds: str
    """Milliseconds from {earlier} to {later}."""
    among: str
    """Compare with what {query} chooses. Once: where it locks and has a limit, a plan that ran
    it anew for each row would take more rows than were asked for."""

    named: str
    """{column} is among the ids of a parameter made by `as_ids`; said beside `rows`, whose ids
    they are. Of a table made of JSON PostgreSQL knows nothing, and may come to its rows by way
    of all that wait; ids in an array it looks up one by one. SQLite does so anyway."""

    @abstractmethod
    def rows(self, **columns: str) -> str:
        """Spell a table made of one JSON parameter, with these columns and SQL types."""

    @abstractmethod
    def parameter(self, number: int) -> str:
        """Spell a parameter as the server reads it, counted from 1."""

    @abstractmethod
    def cursor(self, raw: Any) -> AbstractContextManager[Any]:
        """Open a cursor of the driver's connection that passes a statement on as it is."""


class _PostgreSQL(Engine):
    def parameter(self, number: int) -> str:
        return f"${number}"

    def cursor(self, raw: Any) -> AbstractContextManager[Any]:
        return psycopg.RawCursor(raw)

    def rows(self, **columns: str) -> str:
        types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return f"jsonb_to_recordset(%s::jsonb) AS r({types})"


class _SQLite(Engine):
    def parameter(self, number: int) -> str:
        return f"?{number}"

    def cursor(self, raw: Any) -> AbstractContextManager[Any]:
        return closing(raw.cursor())

    def rows(self, **columns: str) -> str:
        fields = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
        return f"(SELECT {fields} FROM json_each(%s)) AS r"  # noqa: S608  # our own names


_STAMP = "'%%Y-%%m-%%d %%H:%%M:%%f'"

_ENGINES: dict[str, Engine] = {
    "postgresql": _PostgreSQL(
        now="statement_timestamp()",
        ahead="statement_timestamp() + make_interval(secs => %s::double precision)",
        epoch="extract(epoch FROM statement_timestamp())::float8",
        skip_locked="FOR UPDATE SKIP LOCKED",
        seconds_until="extract(epoch FROM {column} - statement_timestamp())::float8",
        minute="date_trunc('minute', {column})",
        milliseconds="extract(epoch FROM {later} - {earlier})::float8 * 1000",
        among="= ANY (ARRAY({query}))",
        named="{column} = ANY (%s::bigint[])",
    ),
    # A writer on SQLite is alone (BEGIN IMMEDIATE), so it has nothing to skip.
    "sqlite": _SQLite(
        now=f"strftime({_STAMP}, 'now')",
        ahead=f"strftime({_STAMP}, 'now', %s || ' seconds')",
        epoch="(julianday('now') - 2440587.5) * 86400.0",
        skip_locked="",
        seconds_until="(julianday({column}) - julianday('now')) * 86400.0",
        minute="substr({column}, 1, 16) || ':00'",
        milliseconds="round((julianday({later}) - julianday({earlier})) * 86400000.0)",
        among="IN ({query})",
        named="%s IS NOT NULL",
    ),
}


SMALLINT_MAX = 32_767
"""What PostgreSQL's smallint holds: Django's PositiveSmallIntegerField."""


def added(column: str, number: str = "1", *, most: int = SMALLINT_MAX) -> str:
    """Spell a small column plus a number; what is full stays, since overflow fails the batch."""
    return f"{column} + CASE WHEN {column} < {most} THEN {number} ELSE 0 END"


@dataclass(frozen=True, slots=True)
class RowId:
    """One row of a parameter that is a list of ids."""

    id: int


def engine() -> Engine:
    """Return the words of the engine in use."""
    return _ENGINES[connection.vendor]


def fetch(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def numbered(sql: str) -> str:
    """Write a statement of `fetch` for `fetch_numbered`; one without `%%s`."""
    return sql % tuple(map(engine().parameter, range(1, sql.count("%s") + 1)))


def fetch_numbered(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a long statement that comes often, made by `numbered`, and return its rows.

    In a text of more than 4,096 octets psycopg looks for the parameters anew each time, and
    Django does on SQLite in any: it takes longer than all else that is done for the row. Of
    Django's logs and wrappers of queries none sees it. Raises Django's database errors.
    """
    database = connections[DEFAULT_DB_ALIAS]  # itself: its proxy asks for it at each word
    database.ensure_connection()
    database.validate_no_broken_transaction()
    words = _ENGINES[database.vendor]
    with database.wrap_database_errors, words.cursor(database.connection) as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def run(sql: str, parameters: Sequence[Any]) -> int:
    """Run one statement and return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        changed: int = cursor.rowcount
        return changed


def now() -> datetime:
    """Read the database's clock: the one that all hosts have in common."""
    [(epoch,)] = fetch(f"SELECT {engine().epoch}", [])
    return datetime.fromtimestamp(epoch, UTC)


def as_rows(items: Iterable[Any]) -> str:
    """Write dataclasses of one kind as the parameter of `Engine.rows`."""
    return json.dumps([_plain(item, _names(item.__class__)) for item in items])


def as_ids(ids: Iterable[int]) -> str:
    """Write ids as the parameter of `Engine.named`."""
    return f"{{{','.join(map(str, ids))}}}"


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(item: Any, names: Sequence[str]) -> dict[str, Any]:
    """Read a row's columns; `asdict` copies each value, and takes ten times as long."""
    row = {}
    for name in names:
        value = getattr(item, name)
        row[name] = storable(value) if isinstance(value, str) else value
    return row


def storable(text: str) -> str:
    """Leave out what no database takes, and what peers do put into their texts."""
    if text.isascii() and "\x00" not in text:  # nearly always
        return text
    return clean(text).replace("\x00", "")
