"""Have callbacks made again: `manage.py repeatcallbacks SM…`, or those that failed at a host."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet
from django.utils.dateparse import parse_date, parse_datetime

from accounts.management.script import ScriptCommand
from sms import notify
from sms.models import Callback, Message


class Command(ScriptCommand):
    """Repeat the callbacks of messages, or those that failed."""

    help = (
        "Make callbacks again: all those of the messages that are named, or with --host or "
        "--since those that failed. Their webhook-id stays the same."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what to repeat."""
        super().add_arguments(parser)
        parser.add_argument("sids", metavar="SID", nargs="*", help="messages")
        parser.add_argument(
            "--host", help="failed ones of this host, example.org or example.org:81"
        )
        parser.add_argument(
            "--since", help="failed ones owed since then, 2026-11-22 or with a time"
        )
        parser.add_argument(
            "--delivered", action="store_true", help="with --host or --since: delivered ones, too"
        )

    def make(self, **options: Any) -> dict[str, Any]:
        """Repeat them, and count. Raises CommandError where nothing is named."""
        if bool(options["sids"]) == bool(options["host"] or options["since"]):
            raise CommandError("Name messages, or --host and --since.")
        chosen = _of_messages(options["sids"]) if options["sids"] else _of_hosts(options)
        return {"repeated": notify.repeat(chosen, by="repeatcallbacks")}

    def readable(self, made: dict[str, Any]) -> str:
        """Say how many."""
        count = made["repeated"]
        return f"{count} callback{'' if count == 1 else 's'} will be made again."


def _of_messages(sids: list[str]) -> QuerySet[Callback]:
    known = set(Message.objects.filter(sid__in=sids).values_list("sid", flat=True))
    if unknown := [sid for sid in sids if sid not in known]:
        raise CommandError(f"There is no message {unknown[0]}.")
    return Callback.objects.filter(message__sid__in=sids)


def _of_hosts(options: dict[str, Any]) -> QuerySet[Callback]:
    states = [Callback.State.FAILED, *([Callback.State.DELIVERED] if options["delivered"] else [])]
    chosen = Callback.objects.filter(state__in=states)
    if options["host"]:
        chosen = chosen.filter(notify.at_host(options["host"]))
    if options["since"]:
        chosen = chosen.filter(created_at__gte=_time(options["since"]))
    return chosen


def _time(text: str) -> datetime:
    """Read a date or a time, of UTC unless it says otherwise. Raises CommandError."""
    try:
        found = parse_datetime(text)
        if found is None and (day := parse_date(text)):
            found = datetime(day.year, day.month, day.day)  # its zone is set below
    except ValueError:  # of good form, but no such day
        found = None
    if found is None:
        raise CommandError(f"--since {text} is no date, such as 2026-11-22 or 2026-11-22T09:30.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
