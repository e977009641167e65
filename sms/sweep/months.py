"""Messages that are kept by the month: the months that come, and those that are over.

Parts are made a month ahead, and ids turn to a month when it has come. A month goes as a whole
when its newest message is old enough: so the oldest are kept for up to a month longer.
"""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from sms import outbox, partitions
from sms.models import Message
from sms.partitions import Part
from sms.sweep.batch import BATCH, place_of

logger = logging.getLogger(__name__)

MONTHS = "months"
EVERY_S = 60.0
_BUSY = (LockNotAvailable, DeadlockDetected)
"""We lock messages before their segments; a worker that records answers comes the other way."""
_looked_at: dict[str, float] = {}
"""When this process looked last; a look costs some questions to the catalog."""


def keep_months() -> int:
    """Make, turn to and drop months, where messages are kept by them."""
    now = time.monotonic()
    if now - _looked_at.get(MONTHS, -EVERY_S) >= EVERY_S:
        _looked_at[MONTHS] = now
        look(outbox.now())  # of two hosts one may be a year ahead, and months go for good
    return 0


def look(now: datetime) -> None:
    """Do what the time of day asks for; what cannot be locked is left for the next look."""
    if not partitions.is_partitioned():
        return
    try:
        # Each in its own transaction: ids must not turn to a part that nobody else sees yet.
        for step in (_make, _turn, _detach_old, _remove_detached):
            with transaction.atomic():
                # Two turns at once would give ids twice.
                if place_of(MONTHS):
                    step(now)
    except OperationalError as error:
        if not isinstance(error.__cause__, _BUSY):
            raise
        logger.info("months of messages: the tables are busy, trying again in a minute")


def _make(now: datetime) -> None:
    month = partitions.month_of(now)
    partitions.make_month(month)
    partitions.make_month(partitions.following(month))


def _turn(now: datetime) -> None:
    month = partitions.month_of(now)
    if partitions.turn_to(month):
        logger.info("messages go to the part of %s from now on", f"{month:%Y-%m}")


def _detach_old(now: datetime) -> None:
    """Take out the months that are over, the oldest first, up to one that is not."""
    if not (days := settings.RETAIN_MESSAGES_DAYS):
        return
    before = now - timedelta(days=days)
    # Where ids still go to a part, because nobody has turned yet, it stays, empty or not.
    reached = partitions.next_id(partitions.MESSAGES)
    for part in partitions.parts(partitions.MESSAGES):
        if part.end_id > reached or not _is_older(part, before) or not _detach(part):
            return


def _remove_detached(now: datetime) -> None:
    partitions.remove_detached()


def _is_older(part: Part, moment: datetime) -> bool:
    """Say whether the newest messages of a part are older; ids are the order of time, nearly."""
    messages = Message.objects.filter(id__gte=part.first_id, id__lt=part.end_id)
    newest = messages.order_by("-id").values_list("date_created", flat=True)[:BATCH]
    return all(created < moment for created in newest)


def _detach(part: Part) -> bool:
    if not partitions.detach_part(part):
        logger.info("%s is kept: some of its messages are not finished", part.name)
        return False
    logger.info("%s goes: all its messages were old enough", part.name)
    return True
