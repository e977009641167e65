"""What PostgreSQL's planner knows of tables that grow fast.

Autovacuum comes by once a minute, and a statement is planned once a connection. So a first
burst would be served by plans for empty tables: each claim read every message there is.
"""

from django.db import connection

from sms.outbox.engine import fetch

_GROWN = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
      AND pg_has_role(relowner, 'USAGE')
      AND pg_relation_size(oid) > greatest(2 * relpages, 16)
          * current_setting('block_size')::integer
"""
"""Tables of at least 16 pages, and twice what they were at their last ANALYZE or VACUUM: some
times in the life of each, since autovacuum looks after large ones."""


def inform_planner() -> int:
    """Analyze the tables that have grown, which also has every connection plan anew."""
    if connection.vendor != "postgresql":  # SQLite goes by the form of a statement alone
        return 0
    grown = [name for (name,) in fetch(_GROWN, [])]
    if grown:
        with connection.cursor() as cursor:
            # One that autovacuum is at is left to it.
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(grown)}")
    return len(grown)
