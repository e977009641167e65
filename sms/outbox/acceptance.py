"""Putting a new message into its queue.

Every POST comes through here, so this goes past the slow parts of the ORM: a model made by
the names of its columns, values adapted one by one, the statement's text. Each of the three
takes as long as the rest of an accepted request.
"""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, connections, models

from accounts.sids import new_message_sid
from sms.models import Message
from sms.outbox.company import Company
from sms.outbox.engine import engine, fetch_numbered, numbered

_BY_ITS_CLOCK = ("due_at", "expires_at")
"""Times that the database compares with its own: a web host's clock may be wrong by a day."""


def make(**columns: Any) -> Message:
    """Make the row of a message that is due at once; what is not named is as in every new one."""
    made = {"sid": new_message_sid()}
    # In the order of the columns: a name that is none of them makes one value too many.
    values: Any = {**_defaults(), **made, **columns}.values()
    return Message(*values)


def insert(message: Message) -> None:
    """Insert a message that is due at once, and give it its id.

    In one statement with those of other threads, where it may: what a caller's transaction
    holds must not be waited for by others.

    Raises IntegrityError.
    """
    if connection.in_atomic_block:
        _insert([message])
    elif not _company.join(message):
        insert_again(message)


def insert_again(message: Message) -> None:
    """Insert a message of which nobody knows whether it was stored: unless it was.

    By its sid: after a broken connection, or in company that failed.
    """
    try:
        _insert([message])
    except IntegrityError:
        stored = Message.objects.filter(sid=message.sid).values_list("id", flat=True).first()
        if stored is None:
            raise
        message.id = stored
        message._state.adding = False


def _insert(messages: Sequence[Message]) -> None:
    database = connections[DEFAULT_DB_ALIAS]  # itself: its proxy costs more than the columns
    moment = database.ops.adapt_datetimefield_value
    values: list[Any] = []
    for message in messages:
        values += _plain()(message)
        values += map(moment, _moments()(message))
        values.append(settings.SMS_VALIDITY_S)
    ids = dict(fetch_numbered(_statement(database.vendor, len(messages)), values))
    for message in messages:
        message.id = ids[message.sid]
        message._state.adding = False


_company = Company(_insert)


@cache
def _defaults() -> dict[str, Any]:
    """Name every column, with what it holds where nobody says otherwise."""
    ours = {"id": None, **dict.fromkeys(_BY_ITS_CLOCK, models.DEFERRED)}
    return {
        field.attname: ours[field.attname] if field.attname in ours else _default(field)
        for field in Message._meta.concrete_fields
    }


def _default(field: models.Field[Any, Any]) -> Any:
    """Return a default that is the same for all; the others are made with each message."""
    return None if field.has_default() and callable(field.default) else field.get_default()


@cache
def _columns(*, moments: bool) -> tuple[models.Field[Any, Any], ...]:
    """List the columns that a message brings; its id, due time and validity are the database's.

    Moments apart: no other value is written in another way than it is held.
    """
    return tuple(
        field
        for field in Message._meta.concrete_fields
        if field.attname not in {"id", *_BY_ITS_CLOCK}
        and isinstance(field, models.DateTimeField) is moments
    )


@cache
def _plain() -> "attrgetter[tuple[Any, ...]]":
    return attrgetter(*(field.attname for field in _columns(moments=False)))


@cache
def _moments() -> "attrgetter[tuple[Any, ...]]":
    return attrgetter(*(field.attname for field in _columns(moments=True)))


@cache
def _statement(vendor: str, rows: int) -> str:
    fields = (*_columns(moments=False), *_columns(moments=True))
    columns = ", ".join(str(field.column) for field in fields)
    row = f"({', '.join('%s' for _ in fields)}, {engine().now}, {engine().ahead})"
    return numbered(
        f"INSERT INTO sms_message ({columns}, due_at, expires_at) VALUES"  # noqa: S608  # columns
        f" {', '.join([row] * rows)} RETURNING sid, id"
    )
