"""Show what happened to a message: `manage.py timeline SID`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sms.models import Message
from sms.timeline import timeline


class Command(BaseCommand):
    """Print a message's timeline, one line an entry."""

    help = "Print everything that happened to a message."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the message's sid."""
        parser.add_argument("sid", metavar="SID")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the timeline. Raises CommandError for an unknown message."""
        message = Message.objects.filter(sid=options["sid"]).first()
        if message is None:
            raise CommandError(f"There is no message {options['sid']}.")
        error = f", error {message.error_code} {message.error.text}" if message.error else ""
        self.stdout.write(f"{message.sid} is {message.status}{error}")
        for entry in timeline(message):
            raw = f"  [{entry.raw}]" if entry.raw else ""
            at = f"{entry.at:%Y-%m-%d %H:%M:%S.%f}"[:-3]
            self.stdout.write(f"  {at}  {entry.what}{raw}")
