"""Show what each error code comes from: `manage.py errorcodes`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sms.causes import CAUSES
from sms.errors import ErrorCode


class Command(BaseCommand):
    """Print the table of error codes, and where in the code each is set and shown."""

    help = "Print what each error code of a message comes from."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add `--json`."""
        parser.add_argument("--json", action="store_true", help="print one JSON object, no more")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table."""
        self.stdout.write(json.dumps(_rows()) if options["json"] else "\n".join(_lines()))


def _rows() -> dict[str, list[dict[str, object]]]:
    return {"causes": [cause._asdict() | {"message": cause.code.text} for cause in CAUSES]}


def _lines() -> list[str]:
    lines = []
    for code in ErrorCode:
        lines.append(f"{code.value}  {code.text}")
        for cause in CAUSES:
            if cause.code is code:
                lines += [f"       {cause.text}", f"         {cause.where}; {cause.test}"]
    return lines
