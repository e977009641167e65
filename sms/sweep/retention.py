"""What becomes of old messages: their texts are removed, later they are.

Both walk along the primary key, which is the order of time, so they need no index of their
own, which every new message would pay for. One small batch a turn, and never a second turn
for their sake: 500 messages a second are 43 million a day, and beside a load they are not felt.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import takewhile

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from sms import outbox, partitions
from sms.models import Callback, Message
from sms.sweep.batch import BATCH, place_of

BODIES = "bodies"
MESSAGES = "messages"


def redact_bodies() -> int:
    """Empty the texts of messages older than RETAIN_BODIES_DAYS."""
    with transaction.atomic():
        if days := settings.RETAIN_BODIES_DAYS:
            place = place_of(BODIES)
            ids = list(_old(days, after=place.upto)) if place else []
            if place and ids:
                Message.objects.filter(id__in=ids).exclude(body="").update(body="")
                place.upto = ids[-1]
                place.save()
    return 0


def prune_messages() -> int:
    """Delete messages older than RETAIN_MESSAGES_DAYS, with all that belongs to them.

    Those of a month that is kept as one go with it: see months.py.
    """
    with transaction.atomic():
        if (days := settings.RETAIN_MESSAGES_DAYS) and place_of(MESSAGES):
            ids = list(_old(days, after=0, below=partitions.oldest_month()))
            Message.objects.filter(id__in=ids).delete()
    return 0


def _old(days: int, *, after: int, below: int | None = None) -> Iterator[int]:
    """List the next messages that are old enough and finished, up to the first that is not.

    None stays unfinished for ever: validity and callbacks both run out.
    """
    before = outbox.now() - timedelta(days=days)
    owed = Callback.objects.filter(message=OuterRef("id"), state=Callback.State.PENDING)
    messages = Message.objects.filter(id__gt=after)
    if below is not None:
        messages = messages.filter(id__lt=below)
    rows = (
        messages.order_by("id")
        .annotate(is_owed=Exists(owed))
        .values_list("id", "date_created", "due_at", "locked_until", "is_owed")
    )
    for id_, *_ in takewhile(
        lambda row: row[1] < before and not (row[2] or row[3] or row[4]), rows[:BATCH]
    ):
        yield id_
