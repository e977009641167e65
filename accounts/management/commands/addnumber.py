"""Give an account a sender: `manage.py addnumber ACCOUNT NUMBER`."""

from argparse import ArgumentParser
from typing import Any

from accounts.management.script import ScriptCommand, account_of
from accounts.provisioning.numbers import NumberSettings, add_number


class Command(ScriptCommand):
    """Add a number, a short code or an alphanumeric sender to an account."""

    help = "Give an account a phone number, short code or alphanumeric sender."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the number's attributes."""
        super().add_arguments(parser)
        parser.add_argument("account", metavar="ACCOUNT", help="the account's sid")
        parser.add_argument("number", metavar="NUMBER")
        parser.add_argument("--no-sms", action="store_true", help="not for SMS")
        parser.add_argument("--sms-url", metavar="URL", default="", help="called on inbound SMS")

    def make(self, **options: Any) -> dict[str, Any]:
        """Make the number."""
        number = add_number(
            account_of(options["account"]).pk,
            options["number"],
            NumberSettings(sms_enabled=not options["no_sms"], sms_url=options["sms_url"]),
        )
        return {"sid": number.sid, "number": number.number, "sms_enabled": number.sms_enabled}
