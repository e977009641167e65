"""Which tables are partitioned, and by which of their columns."""

from dataclasses import dataclass
from typing import Any, Final

from django.db import models

from sms.models import Callback, Event, Hook, Message, Segment


@dataclass(frozen=True, slots=True)
class Table:
    """One table, and its column that holds the id of a message."""

    model: type[models.Model]
    column: str = "message_id"

    @property
    def name(self) -> str:
        """Its name in the database."""
        return self.model._meta.db_table

    @property
    def keyed_by_message(self) -> bool:
        """Say whether a row has no id but its message's."""
        return self.model._meta.pk.attname == self.column and self.column != "id"


MESSAGES: Final = Table(Message, "id")

TABLES: Final = (MESSAGES, Table(Segment), Table(Callback), Table(Event), Table(Hook))
"""Those that grow with the messages, in the order in which they are locked.

Not CallbackAttempt, which has a shorter time of its own and is emptied in batches; nor keys
and arrivals, which are gone within hours.
"""


def references() -> list[Any]:
    """List the foreign keys to messages, as fields of whichever model has them."""
    fields = Message._meta.get_fields(include_hidden=True)
    relations = [field for field in fields if isinstance(field, models.ForeignObjectRel)]
    return [one.field for one in relations if isinstance(one.field, models.ForeignKey)]
