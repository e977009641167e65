"""Putting a new message into its queue.

The ORM writes the same statement, and takes as long over its text as everything else in
an accepted request together; here the text is made once.
"""

from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

from sms.models import Message
from sms.outbox.engine import engine, fetch


def insert(message: Message) -> None:
    """Insert a message that is due at once, and give it its id.

    Raises IntegrityError where its sid is there already.
    """
    database = connections[DEFAULT_DB_ALIAS]  # itself: its proxy costs more than the columns
    values = [
        field.get_db_prep_save(getattr(message, field.attname), database) for field in _fields()
    ]
    [(message.id,)] = fetch(_statement(database.vendor), values)
    message._state.adding = False


@cache
def _fields() -> tuple[models.Field[Any, Any], ...]:
    """List the columns that a message brings; its id and due time are the database's."""
    ours = {"id", "due_at"}
    return tuple(field for field in Message._meta.concrete_fields if field.attname not in ours)


@cache
def _statement(vendor: str) -> str:
    columns = ", ".join(str(field.column) for field in _fields())
    values = ", ".join("%s" for _ in _fields())
    return f"""
        INSERT INTO sms_message ({columns}, due_at) VALUES ({values}, {engine().now})
        RETURNING id
    """  # noqa: S608  # names of columns; values are parameters
