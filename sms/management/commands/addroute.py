"""Route numbers to a link: `manage.py addroute PREFIX LINK`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.management.script import ScriptCommand, store
from sms.models import Link, Route


class Command(ScriptCommand):
    """Add a route."""

    help = "Send numbers that begin with PREFIX ('' for all) over LINK."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the route's attributes."""
        super().add_arguments(parser)
        parser.add_argument("prefix", metavar="PREFIX", help="digits without +; '' for all")
        parser.add_argument("link", metavar="LINK", help="the link's name")
        parser.add_argument("--priority", metavar="N", type=int, default=100, help="lowest first")

    def make(self, **options: Any) -> dict[str, Any]:
        """Make the route."""
        link = Link.objects.filter(name=options["link"]).first()
        if link is None:
            raise CommandError(f"There is no link {options['link']}.")
        route = Route(
            prefix=options["prefix"].removeprefix("+"), link=link, priority=options["priority"]
        )
        store(route)
        return {"prefix": route.prefix, "link": link.name, "priority": route.priority}
