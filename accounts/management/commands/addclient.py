"""Add a SIP client: `manage.py addclient ACCOUNT LOGIN PASSWORD`."""

from argparse import ArgumentParser
from typing import Any

from accounts.management.script import ScriptCommand, account_of, secret
from accounts.models import Client
from accounts.provisioning.clients import ClientSettings, create_client


class Command(ScriptCommand):
    """Add a SIP softphone or browser to an account."""

    help = "Add a SIP client to an account; messages reach it as client:LOGIN."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the client's attributes."""
        super().add_arguments(parser)
        parser.add_argument("account", metavar="ACCOUNT", help="the account's sid")
        parser.add_argument("login", metavar="LOGIN")
        parser.add_argument("password", metavar="PASSWORD", type=secret, help="-: ask for it")
        parser.add_argument(
            "--digest",
            choices=Client.Digest.values,
            default=Client.Digest.MD5.value,
            help="which hashes of the password it is asked for; most softphones know MD5 alone",
        )

    def make(self, **options: Any) -> dict[str, Any]:
        """Make the client."""
        client = create_client(
            account_of(options["account"]).pk,
            options["login"],
            ClientSettings(password=options["password"], digest=options["digest"]),
        )
        return {"sid": client.sid, "login": client.login}
