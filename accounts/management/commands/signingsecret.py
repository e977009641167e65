"""Show what callbacks are signed with: `manage.py signingsecret ACCOUNT`."""

from argparse import ArgumentParser
from typing import Any

from accounts.management.script import ScriptCommand, account_of


class Command(ScriptCommand):
    """Print an account's signing secret, for the receiver of its callbacks."""

    help = "Print the secret that an account's callbacks are signed with (Standard Webhooks)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the account."""
        super().add_arguments(parser)
        parser.add_argument("account", metavar="ACCOUNT", help="the account's sid")

    def make(self, **options: Any) -> dict[str, Any]:
        """Look it up."""
        account = account_of(options["account"])
        return {"sid": account.sid, "signing_secret": account.signing_secret}
