"""Keep the list of recipients that nothing is sent to: `manage.py block add|remove|list`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.management.script import ScriptCommand, account_of, operator, store
from sms.models import Block
from sms.models.block import written

ACTIONS = {
    "add": "block a number, or with a star behind it all numbers that begin so",
    "remove": "let it through again",
    "list": "show what is blocked",
}


class Command(ScriptCommand):
    """Block a recipient, let it through again, or list what is blocked."""

    help = "Messages to a blocked number are accepted and fail with 30004, those queued too."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the actions, and what each needs."""
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in ACTIONS.items():
            action = actions.add_parser(name, help=text)
            super().add_arguments(action)
            action.add_argument("--account", metavar="AC…", help="of one account; otherwise of all")
            if name != "list":
                action.add_argument("pattern", metavar="NUMBER", help="4915112345678, or '4915*'")
            if name == "add":
                action.add_argument("--note", default="", help="why, for those who ask later")

    def make(self, **options: Any) -> dict[str, Any]:
        """Do what is asked. Raises CommandError."""
        account = account_of(options["account"]) if options["account"] else None
        if options["action"] == "list":
            blocks = Block.objects.select_related("account")
            chosen = blocks.filter(account=account) if account else blocks
            return {"blocks": [_told(block) for block in chosen]}
        if options["action"] == "add":
            block = written(
                options["pattern"], account=account, note=options["note"], added_by=operator()
            )
            store(block)
            return _told(block)
        removed = Block.objects.of(options["pattern"], account).select_related("account").first()
        if removed is None:
            whose = f" for {options['account']}" if account else ""
            raise CommandError(f"There is no block of {options['pattern']}{whose}.")
        told = _told(removed)
        removed.delete()
        return told

    def readable(self, made: dict[str, Any]) -> str:
        """Write a list as one line a block."""
        if "blocks" not in made:
            return super().readable(made)
        return "\n".join(_line(told) for told in made["blocks"]) or "Nothing is blocked."


def _told(block: Block) -> dict[str, Any]:
    return {
        "number": block.pattern,
        "account": block.account.sid if block.account else None,
        "note": block.note,
        "added_by": block.added_by,
        "added_at": block.added_at.isoformat(timespec="seconds"),
    }


def _line(told: dict[str, Any]) -> str:
    whose = told["account"] or "every account"
    who = f"{told['added_at']} {told['added_by']}".strip()
    return f"{told['number']:<16}  {whose:<34}  {who}  {told['note']}".strip()
