"""What the tasks of the sweep share: how much at once, and how rows are locked."""

from sms.models import Message
from sms.models.message import MessageQuerySet

BATCH = 500


def locked() -> MessageQuerySet:
    """Lock what is read, weakly enough that others may still add rows that refer to it."""
    return Message.objects.select_for_update(skip_locked=True, no_key=True)
