"""From months back to plain tables: all rows are copied, and everybody waits for it."""

from django.db import connection, transaction

from sms.partitions.catalog import (
    Definition,
    foreign_keys,
    indexes,
    is_partitioned,
    next_id,
    parts,
)
from sms.partitions.convert import identity
from sms.partitions.making import LIKE, be_brief, execute
from sms.partitions.tables import TABLES, Table, references


def to_plain() -> None:
    """Make the tables what migrations make them; ids stay what they are.

    Raises OperationalError where a lock was not to be had in time: try again, also where they
    are plain by then.
    """
    names = ", ".join(table.name for table in TABLES)
    if is_partitioned():
        with transaction.atomic():
            be_brief()
            execute(f"LOCK TABLE {names}")
            for table in TABLES:
                _copy(table)
            _restore_references()
    execute(f"ANALYZE {names}")


def _copy(table: Table) -> None:
    known, keys = _indexes(table), foreign_keys(table.name)
    ids = [] if table.keyed_by_message else [identity(table, first=next_id(table))]
    copy = f"{table.name}_merged"
    execute(
        f"CREATE TABLE {copy} (LIKE {table.name} {LIKE})",
        f"INSERT INTO {copy} SELECT * FROM {table.name}",  # noqa: S608  # our own names
        f"DROP TABLE {table.name}",
        f"ALTER TABLE {copy} RENAME TO {table.name}",
        *ids,
        # Built after filling, an index takes a fraction of the time.
        *(each.statement(table.name, name=each.name) for each in (*known, *keys)),
    )


def _indexes(table: Table) -> list[Definition]:
    """List the indexes of the whole, and those that each part has of its own."""
    newest = parts(table)[-1].name
    suffix = newest.removeprefix(table.name)
    return [
        *indexes(table.name),
        *(index.renamed(index.name.removesuffix(suffix)) for index in indexes(newest, own=True)),
    ]


def _restore_references() -> None:
    """Point foreign keys to messages again, named as migrations name them."""
    suffix = "_fk_%(to_table)s_%(to_column)s"
    with connection.schema_editor() as editor:
        for field in references():
            if field.db_constraint:
                # Django's own name for it, and so what its migrations will look for.
                editor.execute(editor._create_fk_sql(field.model, field, suffix))  # type: ignore[attr-defined]
