"""Counters of long messages, of recipients who were sent none for some days."""

from django.db import transaction

from sms.models import Concatenation
from sms.sweep.batch import BATCH


def forget_references() -> int:
    """Remove counters that nobody needs any more."""
    unused = Concatenation.objects.unused()
    ids = list(unused.order_by("used_on").values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    with transaction.atomic():
        # Past those that a worker is just counting on: it locks them in an order of its own.
        still = unused.select_for_update(skip_locked=True).filter(pk__in=ids)
        return unused.filter(pk__in=list(still.values_list("pk", flat=True))).delete()[0]
