"""Change a link: `manage.py setlink NAME --window 100 --tps 50`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.management.script import ScriptCommand
from sms import operate
from sms.management import link_options
from sms.models import Link


class Command(ScriptCommand):
    """Change settings of a link; its workers follow within a second."""

    help = (
        "Change settings of a link. Its workers follow at once, wherever they run, and connect"
        " anew only for another address, login, TLS setting, alphabet or way of long messages."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add one option a column."""
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help="the link's name")
        link_options.add_options(parser, is_new=False)

    def make(self, **options: Any) -> dict[str, Any]:
        """Change the link; print which columns were changed, and no secret."""
        link = Link.objects.filter(name=options["name"]).first()
        if link is None:
            raise CommandError(f"There is no link {options['name']}.")
        columns = link_options.given(options)
        changed = {name for name, value in columns.items() if getattr(link, name) != value}
        for name in changed:
            setattr(link, name, columns[name])
        link.full_clean()
        # These alone: an operator may have paused it meanwhile.
        link.save(update_fields=[*changed, "date_updated"])
        operate.announce(link)
        return {"name": link.name, "changed": sorted(changed)}
