"""What is old goes, a batch a minute; nothing else does."""

from datetime import timedelta

import pytest
from auditlog.models import LogEntry
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.utils import timezone

from sms.models import Block
from staff.retention import forget_batch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("days", "left"), [(365, 1), (0, 2)])
def test_entries_go_after_a_year_or_never(days: int, left: int, settings: LazySettings) -> None:
    settings.RETAIN_AUDIT_DAYS = days
    for age in (364, 366):
        Block.objects.create(digits=f"49{age}")
        entry = LogEntry.objects.latest("pk")
        when = timezone.now() - timedelta(days=age)
        LogEntry.objects.filter(pk=entry.pk).update(timestamp=when)
    forget_batch()
    assert LogEntry.objects.count() == left


def test_sessions_go_when_they_have_ended() -> None:
    now = timezone.now()
    Session.objects.create(session_key="old", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="new", expire_date=now + timedelta(hours=1))
    forget_batch()
    assert Session.objects.get().session_key == "new"
