"""Storing a message that is a copy of another: once, and so that each tells of the other."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from sms import outbox
from sms.models import Event, Message
from staff import audit


class AlreadyResent(Exception):
    """The message has a copy already."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Of which message a draft is a copy, and who asked for it."""

    of: Message
    by: str


def insert(message: Message, copy: Copy) -> None:
    """Insert a copy, and tell of it in both timelines. Raises AlreadyResent.

    The database keeps a second click from making a second copy; where it keeps messages by
    the month it sees one month alone, so who comes second waits for the first here.
    """
    message.resent_from = copy.of
    told = (
        (copy.of, f"as {message.sid}, by {copy.by}"),
        (message, f"from {copy.of.sid}, by {copy.by}"),
    )
    try:
        with transaction.atomic():
            Message.objects.select_for_update(no_key=True).get(pk=copy.of.pk)
            if _has_copy(copy.of):
                raise AlreadyResent
            outbox.insert(message)
            Event.objects.bulk_create(
                Event(message=one, kind=Event.Kind.RESENT, raw=raw[:255]) for one, raw in told
            )
            audit.record(copy.of, "sent again", copy=(None, message.sid))
    except IntegrityError:
        if not _has_copy(copy.of):
            raise
        raise AlreadyResent from None


def _has_copy(message: Message) -> bool:
    return Message.objects.filter(resent_from=message).exists()
