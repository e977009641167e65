import pytest

from sms import routing
from sms.models import Link, Route

pytestmark = pytest.mark.django_db


@pytest.fixture
def links() -> dict[str, Link]:
    names = ("world", "germany", "mobile", "spare")
    made = {name: Link.objects.create(name=name, host="127.0.0.1") for name in names}
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
    way = routing.choose(digits)
    assert way is not None
    assert (way.link_name, way.link_id) == (name, links[name].id)


def test_a_disabled_link_is_passed_over(links: dict[str, Link]) -> None:
    Link.objects.filter(name="germany").update(enabled=False)
    way = routing.choose("4930123456")
    assert way is not None and way.link_name == "spare"


def test_without_a_route_there_is_no_way() -> None:
    assert routing.choose("4930123456") is None


def test_a_new_route_counts_at_once_where_it_matters() -> None:
    assert routing.choose("49") is None
    Route.objects.create(prefix="", link=Link.objects.create(name="late", host="127.0.0.1"))
    assert routing.choose_now("49") is not None
