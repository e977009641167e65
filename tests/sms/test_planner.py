"""Tables that grow before autovacuum comes by."""

import time
from collections.abc import Iterator

import pytest
from django.db import connection

from sms import sweep
from tests.sms.conftest import at_once

pytestmark = pytest.mark.django_db(transaction=True)

COUNTED_S = 10.0
"""The server counts rows after their commit, once a second."""


@pytest.fixture
def grown() -> Iterator[None]:
    """A table that nothing is known of."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite plans without statistics")
    execute("CREATE TABLE grown (n integer)")
    yield
    execute("DROP TABLE grown")


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def number(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def grow(first: int, last: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO grown SELECT * FROM generate_series(%s::int, %s::int)", [first, last]
        )
    deadline = time.monotonic() + COUNTED_S
    while number("SELECT pg_stat_get_live_tuples('grown'::regclass)") < last:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def known_rows() -> int:
    return number("SELECT reltuples FROM pg_class WHERE relname = 'grown'")


def inform() -> None:
    sweep.inform_planner()


def test_the_planner_learns_of_tables_that_grow(grown: None) -> None:
    grow(1, 900)
    sweep.inform_planner()
    assert known_rows() == -1  # too small to matter
    grow(901, 9000)
    sweep.inform_planner()
    assert known_rows() == 9000
    grow(9001, 16_000)
    sweep.inform_planner()
    assert known_rows() == 9000  # not by so much
    grow(16_001, 50_000)
    sweep.inform_planner()
    assert known_rows() == 50_000


def test_a_table_that_somebody_has_locked_is_waited_for_by_nobody(grown: None) -> None:
    """The whole of housekeeping would wait, or take the database to be away."""
    grow(1, 9000)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE grown IN ACCESS EXCLUSIVE MODE")
        try:
            at_once(inform)
        finally:
            cursor.execute("COMMIT")
    assert known_rows() == -1
    sweep.inform_planner()
    assert known_rows() == 9000
