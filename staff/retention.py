"""What is forgotten of staff, and when."""

import time
from datetime import timedelta

from auditlog.models import LogEntry
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

BATCH = 500
EVERY_S = 60
ATTEMPTS_DAYS = 30

_looked_at = -float(EVERY_S)


def forget_old() -> int:
    """Remove a batch of what is too old, once a minute; for the sweep, which asks every second."""
    global _looked_at
    if time.monotonic() - _looked_at >= EVERY_S:
        _looked_at = time.monotonic()
        forget_batch()
    return 0  # never a second turn for its sake


def forget_batch() -> None:
    """Remove some of what is too old."""
    for rows in _too_old():
        ids = list(rows.order_by().values_list("pk", flat=True)[:BATCH])
        if ids:
            rows.model._default_manager.filter(pk__in=ids).delete()


def _too_old() -> list[QuerySet]:  # type: ignore[type-arg]  # of tables that have no types
    now = timezone.now()
    old_attempts = now - timedelta(days=ATTEMPTS_DAYS)
    over = [
        Session.objects.filter(expire_date__lt=now),
        AccessAttempt.objects.filter(attempt_time__lt=old_attempts),
    ]
    if days := settings.RETAIN_AUDIT_DAYS:
        before = now - timedelta(days=days)
        over += [
            LogEntry.objects.filter(timestamp__lt=before),
            AccessLog.objects.filter(attempt_time__lt=before),
        ]
    return over
