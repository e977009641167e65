"""Run one process of the platform under systemd, a container or foreman: `manage.py run NAME`."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cpaas.env import BASE_DIR
from sms.supervisor import processes


class Command(BaseCommand):
    """Become the process of a name."""

    help = "Run one process in the foreground: web, housekeeping, notify or link.NAME."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the name."""
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replace this process, so that signals reach it. Raises CommandError."""
        try:
            process = processes.alone(options["name"])
        except LookupError as error:
            raise CommandError(f"Name {error.args[0]}.") from None
        os.chdir(BASE_DIR)
        environment = {**os.environ, "PROCESS_NAME": process.name}
        os.execve(process.argv[0], process.argv, environment)  # noqa: S606 - our own table
