"""New parts, and the turn to a month that has come."""

from datetime import date

from django.db import connection, transaction

from sms import months
from sms.outbox.engine import fetch
from sms.partitions.catalog import indexes, next_id, parts, sequence_of
from sms.partitions.tables import MESSAGES, TABLES, Table

LIKE = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMMENTS"
"""What one form of a table takes over from the other; indexes and foreign keys are spelled out."""
PATIENCE_MS = 1_500
"""How long a lock is waited for: all who come later stand behind us. Autovacuum gives way after
a second (deadlock_timeout)."""


def execute(*statements: str) -> None:
    """Run statements of our own making."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def be_brief() -> None:
    """Give up on locks soon, until the transaction ends."""
    execute(f"SET LOCAL lock_timeout = {PATIENCE_MS}")


def make_month(month: date) -> None:
    """Make the parts of a month where there are none; nobody waits for it.

    Raises OperationalError where a lock was not to be had in time.
    """
    if _is_made(month):
        return
    with transaction.atomic():
        be_brief()
        # Of two who make it at once the second looks when the first is done.
        execute(f"LOCK TABLE ONLY {MESSAGES.name} IN SHARE UPDATE EXCLUSIVE MODE")
        for table in TABLES:
            _make_part(table, month)


def _make_part(table: Table, month: date) -> None:
    first = months.first_id(month)
    if _has_room(table, first):
        return  # its own, or that of ids that had been given before there were months
    name, like = months.name(table.name, month), parts(table)[-1].name
    execute(f"CREATE TABLE {name} (LIKE {table.name} {LIKE})")
    for index in indexes(like, own=True):
        plain = index.name.removesuffix(like.removeprefix(table.name))
        execute(index.statement(name, name=months.name(plain, month)))
    # Attached, not made as a part: that would lock out whoever reads or writes the table.
    bounds = f"FROM ({first}) TO ({months.first_id(months.following(month))})"
    execute(f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES {bounds}")


def turn_to(month: date) -> bool:
    """Give the next message the first id of a month, unless ids are there already.

    Not before there are parts for it: each message would be refused. Whoever calls this is
    the only one: between the look and the turn ids may be given, and a second turn would give
    them twice.
    """
    first = months.first_id(month)
    if next_id(MESSAGES) >= first or not _is_made(month):
        return False
    fetch("SELECT setval(%s, %s, false)", [sequence_of(MESSAGES), first])
    return True


def _is_made(month: date) -> bool:
    return all(_has_room(table, months.first_id(month)) for table in TABLES)


def _has_room(table: Table, message_id: int) -> bool:
    return any(part.first_id <= message_id < part.end_id for part in parts(table))
