"""Adding minutes up to ten minutes and hours, so that a day and a week are few rows.

Whole hours are added up anew from their minutes whenever one of these was counted again.
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from sms.models import Delay, Retention, Stretch, Tally
from sms.statistics.counting import KEPT_OPEN, MINUTE_S

TEN_MINUTES_S: Final = 600
HOUR_S: Final = 3600
EVERY_S: Final = 15
_TASK: Final = "statistics"
_STRETCHES: Final = 50
"""So many at once; and so many times, before other housekeeping has its turn."""
_TIMES: Final = 5
_ROWS: Final = 5_000
_MINUTES_KEPT: Final = KEPT_OPEN + timedelta(days=1)
"""A day longer than they are counted: an hour is never added up from a part of its minutes."""
_HOURS_KEPT: Final = timedelta(days=400)
_COMMON: Final[dict[Any, tuple[str, ...]]] = {
    Tally: ("link_id", "direction", "status", "error_code"),
    Delay: ("link_id", "step", "upto_ms"),
}


def floor(at: datetime, span_s: int) -> datetime:
    """Tell when the span begins that a moment is in."""
    return datetime.fromtimestamp(int(at.timestamp()) // span_s * span_s, UTC)


def roll_up() -> int:
    """Add up what was counted again, every few seconds and in one worker at a time."""
    Retention.objects.get_or_create(task=_TASK)
    now_s = int(time.time())
    if Retention.objects.filter(task=_TASK, upto__lte=now_s - EVERY_S).exists():
        left = _TIMES
        while left and _add_up_next():
            left -= 1
        if left:
            Retention.objects.filter(task=_TASK).update(upto=now_s)
        _forget(timezone.now())
    return 0  # never a reason to look again at once


def _add_up_next() -> bool:
    """Add up the first hours that are behind; False if there are none, or another is at it."""
    with transaction.atomic():
        if not Retention.objects.select_for_update(skip_locked=True).filter(task=_TASK).first():
            return False
        stale = _neighbours(Stretch.objects.filter(is_rolled=False).order_by("first_id"))
        if not stale:
            return False
        first = floor(min(stretch.from_at for stretch in stale), HOUR_S)
        end = floor(max(stretch.upto_at for stretch in stale), HOUR_S) + timedelta(hours=1)
        for rows in _COMMON:
            _add_up(rows, first, end)
        for stretch in stale:
            # Counted once more by now: that stays to be added up.
            same = Stretch.objects.filter(pk=stretch.pk, counted_at=stretch.counted_at)
            same.update(is_rolled=True)
        return True


def _neighbours(stretches: QuerySet[Stretch]) -> list[Stretch]:
    """Take those that follow each other without an hour between, about a day of them."""
    chosen: list[Stretch] = []
    for stretch in stretches[:_STRETCHES]:
        if chosen and (
            stretch.from_at - chosen[-1].upto_at > timedelta(hours=1)
            or stretch.upto_at - chosen[0].from_at > timedelta(days=1)
        ):
            break
        chosen.append(stretch)
    return chosen


def _add_up(rows: Any, first: datetime, end: datetime) -> None:
    within = Q(at__gte=first, at__lt=end)
    minutes = rows.objects.filter(within, span_s=MINUTE_S)
    read = minutes.values_list("at", "messages", *_COMMON[rows])
    sums: Counter[tuple[int, datetime, Sequence[object]]] = Counter()
    for at, messages, *common in read.iterator():
        for span_s in (TEN_MINUTES_S, HOUR_S):
            sums[span_s, floor(at, span_s), tuple(common)] += messages
    rows.objects.filter(within, span_s__in=(TEN_MINUTES_S, HOUR_S)).delete()
    rows.objects.bulk_create(
        rows(span_s=span_s, at=at, messages=n, **dict(zip(_COMMON[rows], common, strict=True)))
        for (span_s, at, common), n in sums.items()
    )


def _forget(now: datetime) -> None:
    """Remove what no page shows any more, a little at a time."""
    last = Stretch.objects.order_by("-first_id").first()
    if last is None:
        return
    old = Stretch.objects.filter(due_at__isnull=True, upto_at__lt=now - _MINUTES_KEPT)
    ids = old.exclude(pk=last.pk).order_by("first_id").values_list("pk", flat=True)
    Stretch.objects.filter(pk__in=list(ids[:_STRETCHES])).delete()
    for span_s, kept in ((TEN_MINUTES_S, _MINUTES_KEPT), (HOUR_S, _HOURS_KEPT)):
        for rows in _COMMON:
            gone = rows.objects.filter(span_s=span_s, at__lt=now - kept).values_list("pk")
            rows.objects.filter(pk__in=[pk for (pk,) in gone[:_ROWS]]).delete()
