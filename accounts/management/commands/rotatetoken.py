"""Give an account a new auth token: `manage.py rotatetoken ACCOUNT`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.management.script import ScriptCommand, account_of
from accounts.provisioning.tokens import rotate_token


class Command(ScriptCommand):
    """Give an account a new token; the old one may go on for some time."""

    help = "Make a new auth token and print it. Without --grace the old one ends at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add account and grace."""
        super().add_arguments(parser)
        parser.add_argument("account", metavar="ACCOUNT", help="the account's sid")
        text = "seconds that the old token still opens; 0: none"
        parser.add_argument("--grace", metavar="S", type=int, default=0, help=text)

    def make(self, **options: Any) -> dict[str, Any]:
        """Change the account."""
        if options["grace"] < 0:
            raise CommandError("--grace must not be negative.")
        account = rotate_token(account_of(options["account"]).pk, grace_s=options["grace"])
        until = account.old_token_until
        return {
            "sid": account.sid,
            "auth_token": account.auth_token,
            "old_token_until": until.isoformat(timespec="seconds") if until else None,
        }
