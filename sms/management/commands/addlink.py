"""Connect a carrier: `manage.py addlink NAME --host … --system-id … --password …`."""

from argparse import ArgumentParser
from typing import Any

from accounts.management.script import ScriptCommand, store
from sms.management import link_options
from sms.models import Link


class Command(ScriptCommand):
    """Add a link; a running supervisor starts its worker within seconds."""

    help = "Add a link to a carrier's SMSC."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add one option a column."""
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help="lower-case letters, digits and -")
        parser.add_argument("--disabled", action="store_true", help="do not connect yet")
        link_options.add_options(parser, is_new=True)

    def make(self, **options: Any) -> dict[str, Any]:
        """Make the link."""
        columns = link_options.given(options)
        link = Link(name=options["name"], enabled=not options["disabled"], **columns)
        store(link)
        return {"name": link.name, "host": link.host, "port": link.port, "enabled": link.enabled}
