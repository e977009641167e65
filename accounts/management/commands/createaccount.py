"""Create an account: `manage.py createaccount NAME`."""

from argparse import ArgumentParser
from typing import Any

from accounts.management.script import LIMITS, ScriptCommand, account_of, add_limits, secret
from accounts.models import Account
from accounts.provisioning.accounts import AccountSettings, create_account


class Command(ScriptCommand):
    """Create an account, or a sub-account."""

    help = "Create an account and print its sid and auth token."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the account's attributes."""
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--parent", metavar="SID", help="make it a sub-account of this one")
        parser.add_argument("--email", metavar="E", help="a second user name for the API")
        parser.add_argument(
            "--password",
            metavar="P",
            type=secret,
            help="a second secret for the API; -: ask for it",
        )
        parser.add_argument(
            "--role", metavar="R", default=Account.Role.ADMINISTRATOR, choices=Account.Role.values
        )
        add_limits(parser)

    def make(self, **options: Any) -> dict[str, Any]:
        """Make the account."""
        settings = AccountSettings(
            friendly_name=options["name"],
            email=options["email"],
            password=options["password"] or None,
            role=options["role"],
            **{name: options[name] for name in LIMITS},
        )
        parent = account_of(options["parent"]) if options["parent"] else None
        account = create_account(settings, parent_id=parent.pk if parent else None)
        return {"sid": account.sid, "auth_token": account.auth_token}
