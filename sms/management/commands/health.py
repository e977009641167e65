"""Ask processes of this host whether they work: `manage.py health NAME …`."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cpaas.health import main


class Command(BaseCommand):
    """Say by the exit code whether processes work."""

    help = "Say by the exit code whether processes of this host work (quicker: -m cpaas.health)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the names."""
        parser.add_argument("names", nargs="+", metavar="NAME", help="web, notify, link.NAME, …")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask each of them."""
        sys.exit(main(options["names"]))
