"""How long statements may run."""

import time

import pytest
from django.db import connection

from sms.patience import OutOfTime, bounded

pytestmark = pytest.mark.django_db

_ON_SQLITE = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT count(*) FROM n"
)


def wait_for_ever() -> None:
    with connection.cursor() as cursor:
        is_sqlite = connection.vendor == "sqlite"
        cursor.execute(_ON_SQLITE if is_sqlite else "SELECT pg_sleep(60)")


def test_a_statement_that_runs_too_long_is_stopped() -> None:
    with pytest.raises(OutOfTime), bounded(0.1):
        wait_for_ever()


def test_several_share_their_time() -> None:
    began = time.monotonic()
    with pytest.raises(OutOfTime), bounded(1.0) as hurry:
        time.sleep(0.9)
        hurry()
        wait_for_ever()
    assert time.monotonic() - began < 1.7  # not one second for each
    with pytest.raises(OutOfTime), bounded(0.01) as hurry:
        time.sleep(0.02)
        hurry()
