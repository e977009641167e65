"""Fill an empty database with a made-up week: `manage.py demodata`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from sms import showcase
from sms.models import Message


class Command(BaseCommand):
    """Fill an empty database, to look at the admin."""

    help = "Fill an empty database with a made-up week of messages, to look at the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add how much."""
        parser.add_argument("--messages", type=int, default=showcase.MESSAGES)

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill. Raises CommandError."""
        if Message._meta.db_table not in connection.introspection.table_names():
            call_command("migrate", verbosity=0, interactive=False)
        try:
            showcase.fill(options["messages"])
        except showcase.NotEmpty as refusal:
            raise CommandError(f"{refusal} Use another DATA_DIR.") from refusal
        self.stdout.write("Filled. Make yourself a user: manage.py createsuperuser")
