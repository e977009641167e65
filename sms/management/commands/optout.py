"""Show and lift opt-outs: `manage.py optout list|add|lift`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts import numbers
from accounts.management.script import ScriptCommand
from accounts.models import PhoneNumber
from sms import barring
from sms.models import OptOut

ACTIONS = {
    "list": "show who has stopped messages from which number",
    "add": "stop messages from a number to a person, who asked for it in another way",
    "lift": "let them through again",
}


class Command(ScriptCommand):
    """Show opt-outs, add one, or lift one."""

    help = "Messages to a person who has opted out are accepted and fail with 30004."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the actions, and what each needs."""
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in ACTIONS.items():
            action = actions.add_parser(name, help=text)
            super().add_arguments(action)
            if name != "list":
                action.add_argument("number", metavar="NUMBER", help="our number")
                action.add_argument("person", metavar="PERSON", help="their number")

    def make(self, **options: Any) -> dict[str, Any]:
        """Do what is asked. Raises CommandError."""
        if options["action"] == "list":
            rows = OptOut.objects.select_related("account").order_by("id")
            return {"optouts": [_told(row) for row in rows]}
        number = _number(options["number"])
        if not numbers.is_number(options["person"]):
            raise CommandError(f"{options['person']} is no phone number.")
        found = OptOut.objects.between(number.account_id, number.number, options["person"])
        if options["action"] == "add":
            barring.opt_out(number, [options["person"]])
            return _told(found.get())
        stopped = found.first()
        if stopped is None:
            raise CommandError(f"{options['person']} has not stopped {number}.")
        told = _told(stopped)
        stopped.delete()
        return told

    def readable(self, made: dict[str, Any]) -> str:
        """Write a list as one line each."""
        if "optouts" not in made:
            return super().readable(made)
        line = "{number:<16} {person:<16} {since}  {word}"
        return "\n".join(line.format(**told) for told in made["optouts"]) or "Nobody has opted out."


def _number(text: str) -> PhoneNumber:
    number = barring.number_of(text)
    if number is None:
        raise CommandError(f"{text} is no number of any account.")
    return number


def _told(row: OptOut) -> dict[str, Any]:
    return {
        "number": row.number,
        "person": row.person,
        "account": row.account.sid,
        "word": row.word,
        "since": row.since.isoformat(timespec="seconds"),
    }
