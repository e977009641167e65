"""Entries that no saved row tells by itself: orders, exports, many rows in one statement."""

from collections.abc import Iterable

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models

from staff.audit.acting import actor, sign

REPR_LENGTH = 200


def record(
    about: models.Model | type[models.Model], did: str, **changes: tuple[object, object]
) -> None:
    """Record that whoever acts did something to a row, or to a whole table.

    `did` is a word in the past, such as "paused"; `changes` are columns with what was before and
    is after. Never a secret or a text of a message. Call it in the transaction of what was done.
    """
    entry = _entry(about, did, changes)
    entry.save()


def record_many(rows: Iterable[models.Model], did: str, **changes: tuple[object, object]) -> None:
    """Record the same of many rows, in as few statements as the database takes."""
    who = actor()
    entries = [_entry(row, did, changes) for row in rows]
    for entry in entries:
        sign(entry, who)
    LogEntry.objects.bulk_create(entries, batch_size=500)


def _entry(
    about: models.Model | type[models.Model], did: str, changes: dict[str, tuple[object, object]]
) -> LogEntry:
    is_row = isinstance(about, models.Model)
    return LogEntry(
        content_type=ContentType.objects.get_for_model(about),
        object_pk=str(about.pk) if is_row else "",
        object_id=about.pk if is_row else None,
        object_repr=str(about)[:REPR_LENGTH] if is_row else str(about._meta.verbose_name_plural),
        action=LogEntry.Action.UPDATE if changes else LogEntry.Action.ACCESS,
        changes={name: [_written(value) for value in pair] for name, pair in changes.items()},
        additional_data={"did": did},
    )


def _written(value: object) -> str:
    return "None" if value is None else str(value)  # as the entries of saved rows have it
