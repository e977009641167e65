"""The table as it is read from the database."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import Account
from accounts.sids import new_message_sid
from sms import routing
from sms.errors import ErrorCode
from sms.lifecycle import CircuitState
from sms.models import Health, Link, Route
from sms.routing import Condition, Traits
from tests.sms.conftest import connected

pytestmark = pytest.mark.django_db


def traits(digits: str, *, account: int = 0, sender: str = "", segments: int = 1) -> Traits:
    return Traits(new_message_sid(), digits, account, sender, segments)


def chosen(digits: str, **more: Any) -> str | None:
    way = routing.now().choose(traits(digits, **more)).way
    return way.link_name if way else None


@pytest.fixture
def links() -> dict[str, Link]:
    names = ("world", "germany", "mobile", "spare")
    made = {name: connected(Link.objects.create(name=name, host="127.0.0.1")) for name in names}
    Route.objects.create(prefix="", link=made["world"])
    Route.objects.create(prefix="49", link=made["germany"], priority=10)
    Route.objects.create(prefix="49", link=made["spare"], priority=20)
    Route.objects.create(prefix="4915", link=made["mobile"])
    return made


@pytest.mark.parametrize(
    ("digits", "name"),
    [
        ("13216549878", "world"),
        ("4930123456", "germany"),
        ("4915739360736", "mobile"),
        ("49", "germany"),
        ("4", "world"),
    ],
)
def test_the_longest_prefix_wins_then_the_lowest_priority(
    links: dict[str, Link], digits: str, name: str
) -> None:
    assert chosen(digits) == name


def test_a_disabled_link_is_as_if_it_had_no_routes(links: dict[str, Link]) -> None:
    Link.objects.filter(name="germany").update(enabled=False)
    assert chosen("4930123456") == "spare"
    Link.objects.filter(name="spare").update(enabled=False)
    assert chosen("4930123456") == "world"


def test_a_new_route_counts_at_once_where_it_matters() -> None:
    assert routing.choose(traits("49")).failure == ErrorCode.UNREACHABLE_CARRIER
    Route.objects.create(prefix="", link=Link.objects.create(name="late", host="127.0.0.1"))
    assert routing.choose(traits("49")).way is None  # as it is remembered
    assert chosen("49") == "late"


def test_what_is_remembered_asks_the_database_nothing(
    links: dict[str, Link], django_assert_num_queries: Any
) -> None:
    routing.now()
    with django_assert_num_queries(0):
        assert routing.choose(traits("49")).is_ready


@pytest.mark.parametrize(
    ("circuit", "due_in_s", "slow", "condition"),
    [
        (CircuitState.CLOSED, None, False, Condition.READY),
        (CircuitState.CLOSED, None, True, Condition.SLOW),
        (CircuitState.OPEN, 60, False, Condition.OPEN),
        (CircuitState.OPEN, 60, True, Condition.OPEN),
        (CircuitState.OPEN, -1, False, Condition.PROBING),
        (CircuitState.HALF_OPEN, 60, False, Condition.PROBING),
    ],
)
def test_how_a_link_does_follows_from_its_rows(
    links: dict[str, Link],
    circuit: CircuitState,
    due_in_s: int | None,
    slow: bool,
    condition: Condition,
) -> None:
    retry_at = None if due_in_s is None else Now() + timedelta(seconds=due_in_s)
    link = links["germany"]
    Health.objects.create(link=link, circuit=circuit, retry_at=retry_at, is_slow=slow)
    assert routing.now().condition(link.id) is condition


def test_a_link_without_a_worker_or_a_bind_is_down(links: dict[str, Link]) -> None:
    links["germany"].slots.update(state="refused")
    links["spare"].slots.update(owned_until=Now() - timedelta(seconds=1))
    table = routing.now()
    assert table.condition(links["germany"].id) is Condition.DOWN
    assert table.condition(links["spare"].id) is Condition.DOWN
    choice = table.choose(traits("49"))
    assert choice.way and choice.way.link_name == "germany" and not choice.is_ready


def test_prices_count_where_the_account_has_a_limit(
    links: dict[str, Link], account: Account
) -> None:
    Route.objects.filter(link=links["germany"]).update(price_per_segment=Decimal("0.05"))
    Route.objects.filter(link=links["spare"]).update(price_per_segment=Decimal("0.02"))
    Account.objects.update(max_price=Decimal("0.05"))
    assert chosen("49", account=account.id) == "germany"
    assert chosen("49", account=account.id, segments=2) == "spare"
    refused = routing.now().choose(traits("49", account=account.id, segments=3))
    assert (refused.way, refused.failure) == (None, ErrorCode.PRICE_EXCEEDED)
    assert chosen("49", segments=3) == "germany"  # another account, without a limit
