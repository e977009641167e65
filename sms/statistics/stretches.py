"""Which messages are counted together: ranges of ids, one after the other.

Ids are the order of time but for the moments of a request, and no message is in two ranges.
"""

from datetime import datetime, timedelta

from django.db.models import Max, Min, Q, QuerySet

from sms.models import Message, Stretch

LONGEST = 20_000
"""Messages; counting so many takes a few hundredths of a second."""
GROWS_FOR = timedelta(minutes=1)
FIRST_REACHES = timedelta(days=7)
"""How far back messages are counted where none were before."""


def due(now: datetime) -> QuerySet[Stretch]:
    """List those to be counted, the newest messages first."""
    return Stretch.objects.filter(due_at__lte=now).order_by("-first_id")


def is_growing(stretch: Stretch, now: datetime) -> bool:
    """Say whether it still takes in newer messages."""
    return now - stretch.opened_at < GROWS_FOR and stretch.last_id + 1 < _end(stretch)


def open_next(now: datetime) -> None:
    """Begin a stretch where there are messages behind the last one, which grows no more."""
    last = Stretch.objects.order_by("-first_id").first()
    if last and is_growing(last, now):
        return
    newest = _newest()
    first_id = _first_behind(last) if last else _first_since(now - FIRST_REACHES)
    if newest is None or newest < first_id:
        return
    stretch = Stretch(first_id=first_id, opened_at=now, from_at=now, upto_at=now, due_at=now)
    stretch.last_id = min(newest, _end(stretch) - 1)
    Stretch.objects.bulk_create([stretch], ignore_conflicts=True)  # another worker was first


def claim(stretch: Stretch, now: datetime, *, again_at: datetime) -> bool:
    """Take a stretch that is due, with the newest messages if it grows; False if another did.

    Should this worker not come to write its count, somebody else looks again soon.
    """
    if is_growing(stretch, now):
        stretch.last_id = max(stretch.last_id, min(_newest() or 0, _end(stretch) - 1))
    seen = Q(looked_at=stretch.looked_at) if stretch.looked_at else Q(looked_at__isnull=True)
    stretch.looked_at = now
    taken = Stretch.objects.filter(seen, pk=stretch.pk, due_at__isnull=False)
    return bool(taken.update(looked_at=now, due_at=again_at, last_id=stretch.last_id))


def _first_behind(last: Stretch) -> int:
    """Tell where the next stretch begins: right behind the last one, but for a gap in the ids.

    Kept by the month, ids leave a wide one at its end (sms/partitions). A full stretch of it is
    looked at first: for messages whose id was drawn before the month turned.
    """
    first_id = last.last_id + 1
    if first_id < _end(last):
        return first_id
    behind = Message.objects.filter(id__gte=first_id).aggregate(id=Min("id"))["id"]
    return first_id if behind is None or behind < first_id + LONGEST else int(behind)


def _end(stretch: Stretch) -> int:
    return stretch.first_id + LONGEST


def _newest() -> int | None:
    newest: int | None = Message.objects.aggregate(id=Max("id"))["id"]
    return newest


def _first_since(moment: datetime) -> int:
    """Find the first message since a moment by halving: there is no index of time alone."""
    ends = Message.objects.aggregate(low=Min("id"), high=Max("id"))
    low, high = ends["low"] or 0, (ends["high"] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        later = Message.objects.filter(id__gte=middle).order_by("id")
        created = later.values_list("date_created", flat=True).first()
        if created is not None and created < moment:
            low = middle + 1
        else:
            high = middle
    return int(low)
