"""Keep messages by the month: `manage.py partition by-month|undo|show`."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.db import OperationalError, connection

from accounts.management.script import ScriptCommand
from sms import outbox, partitions

ACTIONS = {
    "by-month": "partition the tables of messages; takes a look at each row, and no copy",
    "undo": "make them plain tables again; copies each row, and everybody waits",
    "show": "show the parts of messages",
}
_TRIES = 60
_PAUSE_S = 1.0


class Command(ScriptCommand):
    """Partition the tables of messages by the month, or make them plain again."""

    help = (
        "Keep messages by the month, on PostgreSQL: with RETAIN_MESSAGES_DAYS a month that is "
        "old enough is dropped as a whole, instead of deleting messages one by one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in ACTIONS.items():
            super().add_arguments(actions.add_parser(name, help=text))

    def make(self, **options: Any) -> dict[str, Any]:
        """Do what is asked. Raises CommandError."""
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has partitions; DATABASE_URL names another engine.")
        wanted = {"by-month": True, "undo": False}.get(options["action"])
        if wanted is not None:
            if wanted == partitions.is_partitioned():
                raise CommandError(f"They are {'partitioned' if wanted else 'plain'} already.")
            _until_locked(_to_months if wanted else partitions.to_plain)
        return {"parts": _parts()}

    def readable(self, made: dict[str, Any]) -> str:
        """Write a part a line."""
        line = "{name:<24} ids below {end_id}, {bytes} bytes"
        return "\n".join(line.format(**part) for part in made["parts"]) or "Plain tables."


def _to_months() -> None:
    partitions.to_months(outbox.now())


def _until_locked(action: Callable[[], None]) -> None:
    """Try until the tables can be locked. Nobody else waits longer than for one try."""
    for tries_left in reversed(range(_TRIES)):
        try:
            return action()
        except OperationalError:
            if not tries_left:
                raise
            time.sleep(_PAUSE_S)


def _parts() -> list[dict[str, Any]]:
    if not partitions.is_partitioned():
        return []
    with connection.cursor() as cursor:
        sizes = []
        for part in partitions.parts(partitions.MESSAGES):
            cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [part.name])
            sizes.append({"name": part.name, "end_id": part.end_id, "bytes": cursor.fetchone()[0]})
        return sizes
