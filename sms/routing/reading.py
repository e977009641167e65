"""The table of routes: read from the database, and remembered for seconds.

Each process remembers for itself, as objects: a shared cache would hand every POST a copy.
"""

import time
from decimal import Decimal

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Account
from sms import slots
from sms.lifecycle import CircuitState
from sms.models import Link, Route
from sms.routing.conditions import Condition, Standing
from sms.routing.table import Choice, Row, Table, Traits

_remembered: tuple[float, Table] | None = None
"""Until when, by this process's own clock, and what."""


def choose(traits: Traits) -> Choice:
    """Choose a link for a new message by what is remembered."""
    return table().choose(traits)


def table() -> Table:
    """Return the table, settings.CACHE_SECONDS old at most."""
    remembered = _remembered
    if remembered and time.monotonic() < remembered[0]:
        return remembered[1]
    return now()


def now() -> Table:
    """Read the table as it is in the database now, and remember it."""
    global _remembered
    table = fresh()
    _remembered = time.monotonic() + settings.CACHE_SECONDS, table
    return table


def fresh() -> Table:
    """Read the table as it is in the database now, for somebody who tries things with it."""
    links = _links()
    names = ("prefix", "account_id", "sender", "priority", "weight", "price_per_segment", "link_id")
    rows = [Row(*row) for row in Route.objects.values_list(*names).order_by("id")]
    rows = [row for row in rows if row.link_id in links]
    return Table(rows, links.values(), _max_prices() if any(row.price for row in rows) else {})


def forget() -> None:
    """Have the next choice read the table from the database."""
    global _remembered
    _remembered = None


def _links() -> dict[int, Standing]:
    up = slots.links_up()
    rows = (
        Link.objects.enabled()
        .annotate(is_due=Q(health__retry_at__lte=Now()))
        .values_list(
            "id",
            "name",
            "health__circuit",
            "is_due",
            "health__is_slow",
            "health__is_full",
            "circuit_probes",
        )
    )
    return {
        id_: Standing(
            id_, name, _condition(id_ in up, circuit, bool(is_due), bool(is_slow)), bool(is_full), n
        )
        for id_, name, circuit, is_due, is_slow, is_full, n in rows
    }


def _condition(is_up: bool, circuit: str | None, is_due: bool, is_slow: bool) -> Condition:
    if not is_up:
        return Condition.DOWN
    if circuit == CircuitState.HALF_OPEN or (circuit == CircuitState.OPEN and is_due):
        return Condition.PROBING
    if circuit == CircuitState.OPEN:
        return Condition.OPEN
    return Condition.SLOW if is_slow else Condition.READY


def _max_prices() -> dict[int, Decimal]:
    capped = Account.objects.filter(max_price__isnull=False)
    return {id_: price for id_, price in capped.values_list("id", "max_price") if price is not None}
