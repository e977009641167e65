"""What the tasks of the sweep share: how much at once, and how rows are locked."""

from sms.models import Message, Retention
from sms.models.message import MessageQuerySet

BATCH = 500


def locked() -> MessageQuerySet:
    """Lock what is read, weakly enough that others may still add rows that refer to it."""
    return Message.objects.select_for_update(skip_locked=True, no_key=True)


def place_of(task: str) -> Retention | None:
    """Lock the row that says how far a task has come; None while another worker is at it."""
    Retention.objects.get_or_create(task=task)
    return Retention.objects.select_for_update(skip_locked=True).filter(task=task).first()
