"""Limit an account: `manage.py setlimits ACCOUNT --max-messages-per-day N`."""

from argparse import SUPPRESS, ArgumentParser
from typing import Any

from accounts import memory
from accounts.management.script import LIMITS, ScriptCommand, account_of, add_limits, limits_of


class Command(ScriptCommand):
    """Set or lift the limits of an account."""

    help = (
        "Limit an account's requests, messages and prices; a limit that is not named "
        "stays as it is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the limits."""
        super().add_arguments(parser)
        parser.add_argument("account", metavar="ACCOUNT", help="the account's sid")
        add_limits(parser, default=SUPPRESS)

    def make(self, **options: Any) -> dict[str, Any]:
        """Change the account."""
        account = account_of(options["account"])
        for name in LIMITS.keys() & options.keys():
            setattr(account, name, options[name])
        account.full_clean()
        account.save(update_fields=[*LIMITS, "date_updated"])
        memory.forget()
        return {"sid": account.sid, **limits_of(account)}
