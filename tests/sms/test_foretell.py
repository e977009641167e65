"""What would become of a message is what becomes of it."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, Client, PhoneNumber
from sms import slots
from sms.errors import ErrorCode
from sms.foretell import Foretold, foretell
from sms.lifecycle import LinkState
from sms.models import Block, Health, Link, OptOut, Route

TO = "4915112345678"


def bring_up(link: Link) -> None:
    slot = slots.take(link_id=link.id, owner=link.name, binds=1)
    slots.tell(slot, owner=link.name, state=LinkState.UP, detail=f"bound to {link.name}")


@pytest.fixture
def spare(link: Link) -> Link:
    """Two links that are up, and a route over each."""
    spare = Link.objects.create(name="spare", host="127.0.0.1")
    for one, priority in ((link, 10), (spare, 20)):
        bring_up(one)
        Route.objects.create(prefix="49", link=one, priority=priority)
    return spare


@pytest.fixture
def told(account: Account, number: PhoneNumber, spare: Link) -> Any:
    def tell(recipient: str = TO, **asked: Any) -> Foretold:
        return foretell(account, sender=number.number, recipient=recipient, **asked)

    return tell


def test_a_message_goes_where_routing_sends_it(told: Any) -> None:
    found = told(body="Hello")
    assert (found.headline, found.goes, found.obstacles) == ("It goes to carrier.", True, [])
    assert (found.segments, found.encoding) == (1, "gsm")
    assert set(found.standings.values()) == {"up: bound to carrier", "up: bound to spare"}
    assert found.note == "carrier by prefix 49, priority 10"


def test_why_the_first_was_passed_over(told: Any, link: Link) -> None:
    Health.objects.create(link=link, circuit="open", reason="10 errors in a row")
    found = told()
    assert found.headline == "It goes to spare."
    assert found.candidates[0].trouble == "its circuit is open"


def test_what_has_nowhere_to_go_says_why(told: Any) -> None:
    code = ErrorCode.UNREACHABLE_CARRIER
    found = told("15551234567")
    assert found.headline == f"It fails with {code.value}, {code.text}: no route fits."
    assert not found.goes and not found.candidates


def test_a_price_limit_that_no_route_meets(told: Any, account: Account) -> None:
    Route.objects.update(price_per_segment=Decimal("0.10"))
    Account.objects.update(max_price=Decimal("0.15"))
    assert told(segments=1).goes
    found = told(body="x" * 161)
    assert found.headline.startswith("It fails with 30010") and found.segments == 2


def test_links_that_are_disabled_are_named(told: Any, link: Link) -> None:
    Link.objects.filter(pk=link.pk).update(enabled=False)
    found = told()
    assert found.headline == "It goes to spare."
    assert [one.why for one in found.left_out] == ["carrier is disabled"]


def test_all_links_down_and_it_waits(told: Any) -> None:
    Link.objects.update(binds=1)
    for link in Link.objects.all():
        for slot in slots.live(link.pk):
            slots.tell(slot, owner=link.name, state=LinkState.PAUSED, detail="bound")
    found = told()
    assert found.headline == "It waits for carrier: none of its links takes it now."
    assert not found.goes and set(found.standings.values()) == {"paused: bound"}


def test_what_ends_it_before_routing_comes_first(
    told: Any, account: Account, number: PhoneNumber
) -> None:
    Block.objects.create(digits="4915", is_prefix=True)
    assert told().headline == (
        "It is accepted, and fails with 30004: an operator has blocked 4915*."
    )
    assert told().candidates  # and where it would have gone
    Block.objects.all().delete()
    OptOut.objects.create(account=account, number=number.key, person=TO, word="STOP")
    assert "has written STOP" in told().headline
    account.status = Account.Status.SUSPENDED
    assert told().headline.startswith("The account is suspended")
    assert len(told().obstacles) == 2


def test_the_door_refuses_what_the_api_refuses(told: Any, account: Account, spare: Link) -> None:
    found = foretell(account, sender="19998887777", recipient=TO)
    assert found.headline.startswith("The API refuses it: From is not an SMS-enabled number")
    assert "To must be a phone number" in told("12").headline


def test_clients_are_found_at_their_edges(told: Any, client_alice: Client) -> None:
    assert told("client:alice").headline == (
        "alice is not registered: it fails with 30003, or waits for him."
    )
    assert "fails with 30005" in told("client:nobody").headline
