"""What PostgreSQL's planner knows of tables that grow fast.

Autovacuum comes by once a minute, and a statement is planned once a connection. So a first
burst would be served by plans for empty tables: each claim read every message there is.
"""

from django.db import ProgrammingError, connection
from psycopg.errors import UndefinedTable

from sms.outbox.engine import fetch

# By the server's own counts: asking a file's size waits for whoever has locked its table.
_GROWN = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
      AND pg_has_role(relowner, 'USAGE')
      AND pg_stat_get_live_tuples(oid) > 2 * greatest(reltuples, 500)
"""
"""Tables of more than a thousand rows, and of twice those of their last ANALYZE: some times in
the life of each, since autovacuum looks after large ones."""


def inform_planner() -> int:
    """Analyze the tables that have grown, which also has every connection plan anew."""
    if connection.vendor != "postgresql":  # SQLite goes by the form of a statement alone
        return 0
    grown = [name for (name,) in fetch(_GROWN, [])]
    for name in grown:
        _analyze(name)
    return len(grown)


def _analyze(name: str) -> None:
    """Analyze a table, unless somebody has it locked: autovacuum is at it, or an operator."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {name}")
    except ProgrammingError as error:
        if not isinstance(error.__cause__, UndefinedTable):  # a month that has just been dropped
            raise
