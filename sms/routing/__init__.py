"""Which link carries a number."""

from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache

from sms.models import Route


@dataclass(frozen=True, slots=True)
class Way:
    """A route, as far as choosing needs it."""

    prefix: str
    priority: int
    link_id: int
    link_name: str


def choose(digits: str) -> Way | None:
    """Choose the enabled link with the longest prefix of the digits; None where none fits.

    Among routes of one prefix the lowest priority wins. The table is a few seconds old at most.
    """
    fitting = [way for way in _table() if digits.startswith(way.prefix)]
    return min(fitting, key=lambda way: (-len(way.prefix), way.priority), default=None)


def choose_now(digits: str) -> Way | None:
    """Choose from the table as it is in the database now."""
    forget()
    return choose(digits)


def forget() -> None:
    """Have the next choice read the table from the database."""
    cache.delete("routes")


def _table() -> list[Way]:
    table: list[Way] | None = cache.get("routes")
    if table is None:
        rows = Route.objects.filter(link__enabled=True).values_list(
            "prefix", "priority", "link_id", "link__name"
        )
        table = [Way(*row) for row in rows]
        cache.set("routes", table, settings.CACHE_SECONDS)
    return table
