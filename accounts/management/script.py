"""What the commands for scripts share: `--json`, errors in one sentence, and who runs them."""

import getpass
import json
import sys
from abc import ABC, abstractmethod
from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, IntegrityError, models

from accounts.models import Account
from accounts.provisioning.refusals import Refused
from staff import audit

LIMITS: dict[str, tuple[str, type[int | Decimal]]] = {
    "max_requests_per_second": ("API requests that it may have", int),
    "max_messages_per_day": ("messages that it may have", int),
    "max_price": ("what one message may cost, all its segments together", Decimal),
}
"""Columns of an account, what they limit, and how that is counted."""


class ScriptCommand(BaseCommand, ABC):
    """A command that makes one thing and prints what a script needs to know of it."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what every such command takes."""
        parser.add_argument("--json", action="store_true", help="print one JSON object, no more")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the thing and print it. Raises CommandError in one sentence."""
        try:
            with audit.acting(self._actor):
                made = self.make(**options)
        except Refused as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError("; ".join(_sentences(error))) from None
        except UnicodeEncodeError:
            raise CommandError("The arguments hold octets that are not UTF-8.") from None
        except IntegrityError as error:
            raise CommandError(f"There is one already: {error}") from None
        except DatabaseError as error:
            reason = str(error).strip().split("\n")[0]
            raise CommandError(
                f"The database cannot be used ({reason}); `manage.py migrate` prepares a new one."
            ) from None
        self.stdout.write(json.dumps(made) if options["json"] else self.readable(made))

    @abstractmethod
    def make(self, **options: Any) -> dict[str, Any]:
        """Make the thing; return what to print."""

    def _actor(self) -> audit.Actor:
        """Name the system's user and the command, for the audit log."""
        command = type(self).__module__.rpartition(".")[2]
        return audit.Actor(name=f"{operator() or 'somebody'} by {command}")

    def readable(self, made: dict[str, Any]) -> str:
        """Write what was made for people, one line a value."""
        width = max(map(len, made))
        return "\n".join(f"{name:<{width}}  {value}" for name, value in made.items())


def operator() -> str:
    """Name who runs the command; a container's user may have no name."""
    try:
        return getpass.getuser()[:150]
    except (KeyError, OSError):
        return ""


def account_of(sid: str) -> Account:
    """Find the account with a sid. Raises CommandError."""
    account = Account.objects.filter(sid=sid).first()
    if account is None:
        raise CommandError(f"There is no account {sid}.")
    return account


def add_limits(parser: ArgumentParser, **common: Any) -> None:
    """Add an option for each limit of an account."""
    for name, (what, kind) in LIMITS.items():
        option = f"--{name.replace('_', '-')}"
        reader = partial(limit, kind=kind)
        text = f"{what}; none: no limit"
        parser.add_argument(option, metavar="N", type=reader, help=text, **common)


def limit(text: str, kind: type[int | Decimal] = int) -> int | Decimal | None:
    """Read a limit. Raises ArgumentTypeError."""
    try:
        return None if text == "none" else kind(text)
    except (ValueError, InvalidOperation):
        raise ArgumentTypeError(f"{text!r} is neither a number nor none") from None


def secret(text: str) -> str:
    """Read a secret. `-` asks for it, or takes a line of standard input.

    Other users of the host see the words of a command while it runs.
    """
    if text != "-":
        return text
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def limits_of(account: Account) -> dict[str, int | str | None]:
    """List an account's limits, as JSON has them."""
    values = {name: getattr(account, name) for name in LIMITS}
    return {n: str(v) if isinstance(v, Decimal) else v for n, v in values.items()}


def store(row: models.Model) -> None:
    """Check a row as a form would, then insert it. Raises ValidationError."""
    row.full_clean()
    row.save(force_insert=True)


def _sentences(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return list(error.messages)
    return [
        text if field == "__all__" else f"{field}: {text}"
        for field, texts in error.message_dict.items()
        for text in texts
    ]
