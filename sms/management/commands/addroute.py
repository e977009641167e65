"""Route messages to a link: `manage.py addroute PREFIX LINK`."""

from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import CommandError

from accounts.management.script import ScriptCommand, account_of, store
from sms.models import Link, Route
from sms.models.route import DUPLICATE

OPTIONS = {"priority": ("N", int), "weight": ("N", int), "sender": ("SENDER", str)}
"""Columns that are options of their own name; what each is called in help, and how it is read."""


def _price(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"{text!r} is no price; write it as 0.025") from None


class Command(ScriptCommand):
    """Add a route, or change the one that there is."""

    help = (
        "Send messages to numbers that begin with PREFIX ('' for all) over LINK. More specific "
        "wins: the longest prefix, then a route for the account, then one for the sender. Routes "
        "alike in these three share by weight what their lowest priority carries; the next "
        "priority is used when no link of the one before can take a message."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the route's attributes."""
        super().add_arguments(parser)
        parser.add_argument("prefix", metavar="PREFIX", help="digits without +; '' for all")
        parser.add_argument("link", metavar="LINK", help="the link's name")
        parser.add_argument("--account", metavar="SID", help="for messages of this account alone")
        for name, (metavar, reader) in OPTIONS.items():
            help_text = str(getattr(Route._meta.get_field(name), "help_text", ""))
            parser.add_argument(f"--{name}", metavar=metavar, type=reader, help=help_text)
        parser.add_argument(
            "--price",
            metavar="AMOUNT",
            type=_price,
            dest="price_per_segment",
            help="of a segment; compared with the highest price that an account allows (setlimits)",
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="change the route of this prefix, account, sender and link, if there is one",
        )

    def make(self, **options: Any) -> dict[str, Any]:
        """Make or change the route."""
        link = Link.objects.filter(name=options["link"]).first()
        if link is None:
            raise CommandError(f"There is no link {options['link']}.")
        account = account_of(options["account"]) if options["account"] else None
        route = Route(prefix=options["prefix"].removeprefix("+"), account=account, link=link)
        route.sender = options["sender"] or ""
        stored = _stored(route)
        if stored and not options["replace"]:
            raise CommandError(f"{DUPLICATE} --replace changes it.")
        route = stored or route
        for name in ("priority", "weight", "price_per_segment"):
            if options[name] is not None:
                setattr(route, name, options[name])
        if route.pk:
            route.full_clean()
            route.save()
        else:
            store(route)
        return {
            "prefix": route.prefix,
            "account": account.sid if account else None,
            "sender": route.sender,
            "link": link.name,
            "priority": route.priority,
            "weight": route.weight,
            "price": str(route.price_per_segment),
        }


def _stored(route: Route) -> Route | None:
    """Find the route that says the same of the same messages. Raises ValidationError."""
    route.clean()
    alike = Route.objects.filter(prefix=route.prefix, sender=route.sender, link=route.link)
    return alike.filter(account=route.account).first()
