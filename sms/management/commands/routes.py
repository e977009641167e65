"""List and remove routes: `manage.py routes list|remove`. `addroute` makes and changes them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.management.script import ScriptCommand, account_of
from sms.models import Route

ACTIONS = {
    "list": "show all routes, in the order that routing reads them",
    "remove": "remove the route of a prefix, account, sender and link",
}


class Command(ScriptCommand):
    """List the routes, or remove one."""

    help = "Show which link carries which messages, or remove a route."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the actions, and what each needs."""
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in ACTIONS.items():
            action = actions.add_parser(name, help=text)
            super().add_arguments(action)
            action.add_argument("--account", metavar="SID", help="for messages of this account")
            if name == "list":
                action.add_argument("--link", metavar="LINK", help="over this link alone")
            else:
                action.add_argument("prefix", metavar="PREFIX", help="'' for all numbers")
                action.add_argument("link", metavar="LINK", help="the link's name")
                action.add_argument(
                    "--sender", metavar="SENDER", default="", help="as it is listed"
                )

    def make(self, **options: Any) -> dict[str, Any]:
        """Do what is asked. Raises CommandError."""
        routes = Route.objects.select_related("account", "link").as_read()
        account = account_of(options["account"]) if options["account"] else None
        if options["action"] == "list":
            chosen = routes.filter(account=account) if account else routes
            chosen = chosen.filter(link__name=options["link"]) if options["link"] else chosen
            return {"routes": [_told(route) for route in chosen]}
        wanted = Route(prefix=options["prefix"].removeprefix("+"), sender=options["sender"])
        wanted.clean()
        route = routes.filter(
            prefix=wanted.prefix,
            account=account,
            sender=wanted.sender,
            link__name=options["link"],
        ).first()
        if route is None:
            raise CommandError("There is no such route; `manage.py routes list` shows all.")
        told = _told(route)
        route.delete()
        return told

    def readable(self, made: dict[str, Any]) -> str:
        """Write a list as one line a route."""
        if "routes" not in made:
            return super().readable(made)
        return "\n".join(_line(told) for told in made["routes"]) or "There is no route."


def _told(route: Route) -> dict[str, Any]:
    return {
        "prefix": route.prefix,
        "account": route.account.sid if route.account else None,
        "sender": route.sender,
        "link": route.link.name,
        "priority": route.priority,
        "weight": route.weight,
        "price": str(route.price_per_segment),
    }


def _line(told: dict[str, Any]) -> str:
    what = f"{told['prefix'] or 'any':<15}  {told['account'] or 'all accounts':<34}"
    turn = f"priority {told['priority']}, weight {told['weight']}"
    return f"{what}  {told['sender'] or 'any sender':<20}  {told['link']:<20}  {turn}"
