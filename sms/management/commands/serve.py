"""Run the whole platform in the foreground: `manage.py serve`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sms.supervisor.console import Console
from sms.supervisor.instance import CannotServe
from sms.supervisor.serving import serve


class Command(BaseCommand):
    """Start every process, watch them, and stop them on Ctrl-C."""

    help = "Start the platform under one supervisor and serve until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what happens after the start."""
        parser.add_argument(
            "--first-message",
            action="store_true",
            help="set up the demo account and the simulator, send a message, keep serving",
        )
        parser.add_argument(
            "--demo",
            action="store_true",
            help="the same, but end once the message has arrived, or with the reason why not",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve."""
        is_demo = options["demo"]
        try:
            serve(
                Console(),
                first_message=options["first_message"] or is_demo,
                end_after_it=is_demo,
            )
        except CannotServe as error:
            raise SystemExit(str(error)) from error  # a sentence, without Django's prefix
