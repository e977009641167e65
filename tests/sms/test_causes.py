"""The table of error codes says what the code does, all of it, and nothing else."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.models import Account, Client, PhoneNumber
from sms import routing, sweep
from sms.causes import CAUSES, Cause
from sms.errors import ErrorCode
from sms.models import Health, Link, Route
from sms.models.block import written
from tests.sms.api.conftest import Desk
from tests.sms.conftest import Bench

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"\bErrorCode\.([A-Z_]+)\b")
NOT_SET_HERE = {
    "sms.causes",  # the table
    "sms.errors",
    "sms.api.exceptions",  # of a refused request, not of a message
    "sms.showcase.traffic",  # made up
}


def source(module: str) -> str:
    spec = find_spec(module)
    assert spec and spec.origin, module
    return Path(spec.origin).read_text()


def set_in_the_code() -> set[tuple[str, str]]:
    """List modules and the codes that they name."""
    found = set()
    for path in (ROOT / "sms").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if module not in NOT_SET_HERE:
            found |= {(module, name) for name in NAMED.findall(path.read_text())}
    return found


def test_every_code_has_a_cause() -> None:
    assert {cause.code for cause in CAUSES} == set(ErrorCode)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: f"{cause.code.value} {cause.where}")
def test_a_cause_is_set_where_it_says_and_shown_by_its_test(cause: Cause) -> None:
    assert cause.code.name in NAMED.findall(source(cause.where))
    path, name = cause.test.split("::")
    shown = (ROOT / path).read_text()
    assert re.search(rf"^ *def {name}\(", shown, re.MULTILINE)
    assert str(cause.code.value) in shown or f"ErrorCode.{cause.code.name}" in shown


def test_every_place_that_sets_a_code_has_a_row() -> None:
    told = {(cause.where, cause.code.name) for cause in CAUSES}
    passed_on = {  # names what routing has chosen, or would choose
        ("sms.foretell", ErrorCode.UNREACHABLE_CARRIER.name),
        ("sms.sweep.unrouted", ErrorCode.UNREACHABLE_CARRIER.name),
        ("sms.sweep.unrouted", ErrorCode.QUEUE_OVERFLOW.name),
        ("sms.sweep.unrouted", ErrorCode.PRICE_EXCEEDED.name),
    }
    assert set_in_the_code() - told - passed_on == set()


def test_a_person_reads_every_code_and_a_script_every_row() -> None:
    out = StringIO()
    call_command("errorcodes", stdout=out)
    assert all(f"{code.value}  {code.text}" in out.getvalue() for code in ErrorCode)
    assert all(cause.text in out.getvalue() for cause in CAUSES)
    out = StringIO()
    call_command("errorcodes", "--json", stdout=out)
    rows = json.loads(out.getvalue())["causes"]
    assert [(row["code"], row["text"]) for row in rows] == [(c.code, c.text) for c in CAUSES]


# --- the causes on our side, from POST to GET ---------------------------------------------


def is_full(account: Account, link: Link) -> None:
    Health.objects.create(link=link, is_full=True)


def is_blocked(account: Account, link: Link) -> None:
    written("1555*").save()


def has_no_route(account: Account, link: Link) -> None:
    Route.objects.all().delete()


def is_too_expensive(account: Account, link: Link) -> None:
    Route.objects.update(price_per_segment=Decimal("0.05"))
    Account.objects.update(max_price=Decimal("0.01"))


def has_a_client(account: Account, link: Link) -> None:
    Client.objects.create(account=account, login="alice", password="secret")


Arrange = Callable[[Account, Link], None]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arrange", "recipient", "code"),
    [
        (is_full, "15550001111", 30001),
        (has_a_client, "client:alice", 30003),
        (is_blocked, "15550001111", 30004),
        (has_a_client, "client:bob", 30005),
        (has_no_route, "15550001111", 30006),
        (is_too_expensive, "15550001111", 30010),
    ],
)
def test_a_cause_of_ours_is_seen_through_the_api(
    account: Account, number: PhoneNumber, link: Link, arrange: Arrange, recipient: str, code: int
) -> None:
    Route.objects.create(prefix="", link=link)
    arrange(account, link)
    routing.forget()
    ends_with(code, Desk(account), link, recipient)


@pytest.mark.django_db
def test_an_account_suspended_behind_its_post_is_seen_through_the_api(
    account: Account, number: PhoneNumber, link: Link
) -> None:
    Route.objects.create(prefix="", link=link)
    child = Account.objects.create(friendly_name="Child", parent=account)
    PhoneNumber.objects.filter(id=number.id).update(account=child)
    desk = Desk(account, of=child)  # the parent looks on
    posted = desk.send(To="15550001111")
    Account.objects.filter(id=child.id).update(status="suspended")
    shown = after_a_turn(desk, link, posted.json()["sid"])
    assert shown == ("failed", 30002, ErrorCode.ACCOUNT_SUSPENDED.text)


def ends_with(code: int, desk: Desk, link: Link, recipient: str) -> None:
    posted = desk.send(To=recipient)
    assert (posted.status_code, posted.json()["status"]) == (200, "sending")
    shown = after_a_turn(desk, link, posted.json()["sid"])
    assert shown == ("failed", code, ErrorCode(code).text)


def after_a_turn(desk: Desk, link: Link, sid: str) -> tuple[str, int, str]:
    """Let the link and housekeeping work; return what GET shows. Nothing may have left."""
    bench = Bench(link)
    bench.turn()
    sweep.settle_unrouted()
    assert bench.transport.sent == []
    shown = desk.one(sid).json()
    return shown["status"], shown["error_code"], shown["error_message"]
