"""Operate a link: `manage.py link NAME pause|resume|drain|rebind|enable|disable|status`."""

import time
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from accounts.management.script import ScriptCommand
from sms import operate
from sms.models import Link

LOOK_S = 0.1


class Command(ScriptCommand):
    """Give a link an order, wait a moment for its workers, and tell where it stands."""

    help = "Pause, resume, drain, rebind, enable or disable a link, or tell where it stands."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the link and the order."""
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help="the link's name")
        orders = [*operate.ORDERS, "status"]
        parser.add_argument("order", choices=orders, nargs="?", default="status")
        parser.add_argument(
            "--wait",
            type=float,
            default=5.0,
            metavar="S",
            help="how long to wait until its workers have followed (%(default)s)",
        )

    def make(self, **options: Any) -> dict[str, Any]:
        """Give the order; return where the link stands then."""
        link = Link.objects.filter(name=options["name"]).first()
        if link is None:
            raise CommandError(f"There is no link {options['name']}.")
        if (name := options["order"]) != "status":
            # What stands so already will not be told anew.
            since = timezone.now() if name == "rebind" else datetime.min.replace(tzinfo=UTC)
            effect = operate.order(link, name)
            link.refresh_from_db()
            if not options["json"]:
                self.stdout.write(f"Link {link.name} {effect}.")
            _wait(link, since, options["wait"])
        told = asdict(operate.status(link))
        return told if options["json"] else _readable(told)


def _wait(link: Link, since: datetime, wait_s: float) -> None:
    """Wait until the workers have followed, which a long drain may take longer than."""
    by = time.monotonic() + wait_s
    while time.monotonic() < by and not operate.has_settled(link, since=since):
        time.sleep(LOOK_S)


def _readable(told: dict[str, Any]) -> dict[str, Any]:
    """Write each slot as one line."""
    lines = {
        f"slot {slot['number']}": " ".join(
            word
            for word in (
                slot["state"],
                slot["detail"],
                f"on {slot['host']} (pid {slot['pid']})",
                f"at most {slot['tps']:g}/s" if slot["tps"] else "",
                f"since {slot['since']}",
            )
            if word
        )
        for slot in told.pop("slots")
    }
    return told | (lines or {"workers": "none runs for it"})
