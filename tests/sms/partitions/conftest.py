"""Tables of both forms, whichever the tests run on; PostgreSQL undoes their making, too."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from sms import partitions
from sms.partitions import first_id, month_of
from sms.sweep import months


@pytest.fixture
def plain(db: None) -> None:
    """Tables as migrations make them, and ids from the first one on."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has partitions")
    if partitions.is_partitioned():
        partitions.to_plain()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sms_message ALTER id RESTART WITH 1")


@pytest.fixture
def by_month(plain: None) -> datetime:
    """Messages are kept by the month; return this moment."""
    now = timezone.now()
    partitions.to_months(now)
    return now


def turn(now: datetime) -> datetime:
    """Let the next month come; return a moment in it."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as at the end of each transaction
    later = datetime.combine(
        partitions.following(month_of(now)), datetime.min.time(), tzinfo=UTC
    ) + timedelta(minutes=1)
    months.look(later)
    return later


def is_of(message_id: int, now: datetime) -> bool:
    """Say whether an id is one of a month's."""
    month = month_of(now)
    return first_id(month) <= message_id < first_id(partitions.following(month))
