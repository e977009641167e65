"""What the database says of its tables and of their parts."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from sms.outbox.engine import fetch
from sms.partitions.tables import MESSAGES, Table

BEFORE = "before"
"""Stands for the month in the names of the part that was the plain table."""
GONE = "gone"
"""Ends the names of tables that were parts: what an operator detaches is not ours to drop."""
_BOUNDS = re.compile(r"FROM \((?:MINVALUE|'(?P<first>[0-9]+)')\) TO \('(?P<end>[0-9]+)'\)")


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A table that holds a range of another one's rows: ids from `first_id`, below `end_id`."""

    first_id: int
    """0 for what was there before there were months."""
    end_id: int
    name: str


def is_partitioned() -> bool:
    """Say whether messages are kept by the month."""
    if connection.vendor != "postgresql":
        return False
    statement = "SELECT 1 FROM pg_class WHERE oid = to_regclass(%s) AND relkind = 'p'"
    return bool(fetch(statement, [MESSAGES.name]))


def parts(table: Table) -> list[Part]:
    """List the parts of a table, the oldest first."""
    rows = fetch(
        """
        SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class
        JOIN pg_inherits ON inhrelid = oid WHERE inhparent = %s::regclass
        """,
        [table.name],
    )
    return sorted(_part(name, bounds) for name, bounds in rows)


def oldest_month() -> int | None:
    """Return the first id that a month has, where messages are kept by the month."""
    if not is_partitioned():
        return None
    before_end = [part.end_id for part in parts(MESSAGES) if part.first_id == 0]
    return before_end[0] if before_end else 0


def _part(name: str, bounds: str) -> Part:
    match = _BOUNDS.search(bounds)
    if match is None:
        raise ValueError(f"{name} holds {bounds}, which is no range of ids")
    return Part(int(match["first"] or 0), int(match["end"]), name)


def detached(tables: Collection[str]) -> list[str]:
    """List the tables that were parts of some, until their month went."""
    pattern = rf"^({'|'.join(tables)})_([0-9]{{6}}|{BEFORE})_{GONE}$"
    rows = fetch(
        "SELECT relname FROM pg_class WHERE relname ~ %s AND relkind = 'r' AND NOT relispartition"
        " AND pg_table_is_visible(oid) ORDER BY relname",
        [pattern],
    )
    return [name for (name,) in rows]


def sequence_of(table: Table) -> str:
    """Return the sequence that a table's ids come from."""
    [(name,)] = fetch("SELECT pg_get_serial_sequence(%s, 'id')", [table.name])
    return str(name)


def next_id(table: Table) -> int:
    """Return the id that the next row gets."""
    value = "CASE WHEN is_called THEN last_value + 1 ELSE last_value END"
    [(id_,)] = fetch(f"SELECT {value} FROM {sequence_of(table)}", [])  # noqa: S608  # its own name
    return int(id_)


@dataclass(frozen=True, slots=True)
class Definition:
    """An index or a constraint, spelled so that another table can have it, too."""

    name: str
    is_constraint: bool
    spelling: str
    columns: frozenset[str]
    is_unique: bool
    refers_to: str = ""
    """The table that a foreign key points to."""

    def renamed(self, name: str) -> "Definition":
        """Return the same under another name."""
        return replace(self, name=name)

    def statement(self, table: str, *, name: str) -> str:
        """Spell it for a table, under a name."""
        if self.is_constraint:
            return f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {self.spelling}'
        unique = "UNIQUE " if self.is_unique else ""
        return f'CREATE {unique}INDEX "{name}" ON {table} USING {self.spelling}'


def indexes(table: str, *, own: bool = False) -> list[Definition]:
    """List a table's indexes, primary key included; `own`: without those of the whole table."""
    inherited = "AND NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = i.indexrelid)"
    rows = fetch(
        f"""
        SELECT c.relname, k.oid IS NOT NULL,
            CASE WHEN k.oid IS NULL
                THEN split_part(pg_get_indexdef(i.indexrelid), ' USING ', 2)
                ELSE pg_get_constraintdef(k.oid) END,
            ARRAY(SELECT attname::text FROM pg_attribute
                  WHERE attrelid = i.indrelid AND attnum = ANY (i.indkey)),
            i.indisunique, ''
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
        WHERE i.indrelid = %s::regclass {inherited if own else ""} ORDER BY c.relname
        """,  # noqa: S608  # a fragment of our own
        [table],
    )
    return [_definition(*row) for row in rows]


def foreign_keys(table: str) -> list[Definition]:
    """List the foreign keys that a table has."""
    rows = fetch(
        """
        SELECT conname, true, pg_get_constraintdef(oid), '{}'::text[], false,
            (SELECT relname FROM pg_class WHERE oid = confrelid)
        FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass ORDER BY conname
        """,
        [table],
    )
    return [_definition(*row) for row in rows]


def _definition(
    name: str, is_constraint: bool, spelling: str, columns: list[str], *rest: Any
) -> Definition:
    return Definition(name, is_constraint, spelling, frozenset(columns), *rest)
