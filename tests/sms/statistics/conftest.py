"""Messages of a while ago, and counts of them."""

from datetime import UTC, datetime, timedelta

import pytest

from sms import statistics
from sms.models import Message, Retention, Stretch
from tests.sms.conftest import MakeMessage


@pytest.fixture
def hour() -> datetime:
    """The beginning of the hour before this one."""
    now = datetime.now(UTC)
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


def count() -> None:
    """Count as the sweep does after a while: all that may have changed is due."""
    Stretch.objects.filter(due_at__isnull=False).update(due_at=datetime.now(UTC))
    statistics.count_messages()
    Retention.objects.filter(task="statistics").update(upto=0)
    statistics.roll_up()


def finished(make: MakeMessage, at: datetime, *, sent_s: float, took_s: float = 0.0) -> Message:
    """Store a message that was delivered."""
    sent = at + timedelta(seconds=sent_s)
    delivered = sent + timedelta(seconds=took_s)
    return make(
        date_created=at, date_sent=sent, date_updated=delivered, status="delivered", due_at=None
    )
