"""Counting stretches of messages into rows for minutes, as long as they change.

Two workers may look at one stretch; the later look wins, and its rows replace the others'.
Counting takes place outside of any transaction: on SQLite nobody waits for it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sms import outbox
from sms.lifecycle import FINAL
from sms.models import Delay, Stretch, Tally
from sms.outbox import Counted
from sms.statistics import stretches
from sms.statistics.delays import BOUNDS_MS

MINUTE_S = 60
LOOKS = 3
"""So many stretches a turn, so that a second of housekeeping stays short."""
KEPT_OPEN = timedelta(days=8)
"""Validity and late receipts have both run out by then; what is still sent stays so."""
SOON = timedelta(seconds=5)
_STILL = timedelta(minutes=2)
"""No request takes so long between drawing an id and storing its message."""
_SLOWLY = 10_000
"""Messages that are looked at again when they are twice as old; fewer more often."""
_OFTEN = 0.1


def count_messages() -> int:
    """Count what is new, and again what may have changed; return for how many stretches."""
    now = timezone.now()
    stretches.open_next(now)
    return sum(_look(stretch, now) for stretch in stretches.due(now)[:LOOKS])


def _look(stretch: Stretch, now: datetime) -> bool:
    if not stretches.claim(stretch, now, again_at=now + SOON):
        return False
    counted = outbox.count_messages(stretch.first_id, stretch.last_id, BOUNDS_MS)
    with transaction.atomic():
        return _write(stretch, counted, now)


def _write(stretch: Stretch, counted: list[Counted], now: datetime) -> bool:
    """Replace what an earlier look wrote, unless there has been a later one."""
    minutes = [group.minute for group in counted]
    stretch.from_at = min(minutes, default=stretch.from_at)
    stretch.upto_at = max(minutes, default=stretch.upto_at)
    is_ours = Stretch.objects.filter(pk=stretch.pk, looked_at=stretch.looked_at).update(
        from_at=stretch.from_at,
        upto_at=stretch.upto_at,
        counted_at=timezone.now(),
        due_at=_next_look(stretch, counted, now),
        is_rolled=False,
    )
    if not is_ours:
        return False
    for rows in (Tally, Delay):
        rows.objects.filter(stretch=stretch).delete()
    Tally.objects.bulk_create(_tallies(stretch, counted))
    Delay.objects.bulk_create(_delays(stretch, counted))
    return True


def _next_look(stretch: Stretch, counted: Iterable[Counted], now: datetime) -> datetime | None:
    """Tell when to count again; None once nothing can change, or messages are soon deleted."""
    if stretches.is_growing(stretch, now):
        return now + SOON
    age = now - stretch.upto_at
    is_final = all(group.status in FINAL for group in counted)
    if is_final and age > _STILL:
        return None
    share = min(max((stretch.last_id - stretch.first_id) / _SLOWLY, _OFTEN), 1.0)
    at = now + max(age * share, SOON)
    return at if at - stretch.from_at < _kept() else None


def _kept() -> timedelta:
    """Tell how long messages are there to be counted."""
    days = settings.RETAIN_MESSAGES_DAYS
    deleted = timedelta(days=days) - timedelta(hours=1) if days else KEPT_OPEN
    return min(KEPT_OPEN, deleted)


def _tallies(stretch: Stretch, counted: Iterable[Counted]) -> Iterator[Tally]:
    sums: Counter[tuple[datetime, str, int | None, str, int | None]] = Counter()
    for group in counted:
        key = (group.minute, group.direction, group.link_id, group.status, group.error_code)
        sums[key] += group.messages
    for (at, direction, link_id, status, error_code), messages in sums.items():
        yield Tally(
            span_s=MINUTE_S,
            at=at,
            stretch=stretch,
            direction=direction,
            link_id=link_id,
            status=status,
            error_code=error_code,
            messages=messages,
        )


def _delays(stretch: Stretch, counted: Iterable[Counted]) -> Iterator[Delay]:
    sums: Counter[tuple[datetime, int | None, Delay.Step, int]] = Counter()
    for group in counted:
        steps = ((Delay.Step.SENT, group.sent_ms), (Delay.Step.DELIVERED, group.delivered_ms))
        for step, upto_ms in steps:
            if upto_ms is not None:
                sums[group.minute, group.link_id, step, upto_ms] += group.messages
    for (at, link_id, step, upto_ms), messages in sums.items():
        yield Delay(
            span_s=MINUTE_S,
            at=at,
            stretch=stretch,
            link_id=link_id,
            step=step,
            upto_ms=upto_ms,
            messages=messages,
        )
