"""Putting a new message into its queue.

Every POST comes through here, so this goes past the slow parts of the ORM: a model made by
the names of its columns, values adapted one by one, the statement's text. Each of the three
takes as long as the rest of an accepted request.
"""

from functools import cache
from operator import attrgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

from accounts.sids import new_message_sid
from sms.models import Message
from sms.models.message import default_expiry
from sms.outbox.engine import engine, fetch


def make(**columns: Any) -> Message:
    """Make the row of a message that is due at once; what is not named is as in every new one."""
    expires_at = default_expiry()  # type: ignore[no-untyped-call]  # migrations name it
    made = {"sid": new_message_sid(), "expires_at": expires_at}
    # In the order of the columns: a name that is none of them makes one value too many.
    values: Any = {**_defaults(), **made, **columns}.values()
    return Message(*values)


def insert(message: Message) -> None:
    """Insert a message that is due at once, and give it its id.

    Raises IntegrityError where its sid is there already.
    """
    database = connections[DEFAULT_DB_ALIAS]  # itself: its proxy costs more than the columns
    moment = database.ops.adapt_datetimefield_value
    values = [*_plain()(message), *map(moment, _moments()(message))]
    [(message.id,)] = fetch(_statement(database.vendor), values)
    message._state.adding = False


@cache
def _defaults() -> dict[str, Any]:
    """Name every column, with what it holds where nobody says otherwise."""
    ours = {"id": None, "due_at": models.DEFERRED}
    return {
        field.attname: ours[field.attname] if field.attname in ours else _default(field)
        for field in Message._meta.concrete_fields
    }


def _default(field: models.Field[Any, Any]) -> Any:
    """Return a default that is the same for all; the others are made with each message."""
    return None if field.has_default() and callable(field.default) else field.get_default()


@cache
def _columns(*, moments: bool) -> tuple[models.Field[Any, Any], ...]:
    """List the columns that a message brings; its id and due time are the database's.

    Moments apart: no other value is written in another way than it is held.
    """
    return tuple(
        field
        for field in Message._meta.concrete_fields
        if field.attname not in {"id", "due_at"}
        and isinstance(field, models.DateTimeField) is moments
    )


@cache
def _plain() -> "attrgetter[tuple[Any, ...]]":
    return attrgetter(*(field.attname for field in _columns(moments=False)))


@cache
def _moments() -> "attrgetter[tuple[Any, ...]]":
    return attrgetter(*(field.attname for field in _columns(moments=True)))


@cache
def _statement(vendor: str) -> str:
    fields = (*_columns(moments=False), *_columns(moments=True))
    columns = ", ".join(str(field.column) for field in fields)
    values = ", ".join("%s" for _ in fields)
    return f"""
        INSERT INTO sms_message ({columns}, due_at) VALUES ({values}, {engine().now})
        RETURNING id
    """  # noqa: S608  # names of columns; values are parameters
