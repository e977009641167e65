"""Block list and opt-outs in the admin: one, many at once, and lifting them."""

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, PhoneNumber
from sms import barring
from sms.models import Block, OptOut

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(db: None) -> Browser:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("maria", password="x"))
    return browser


def test_many_numbers_are_blocked_at_once_and_the_rest_is_told(
    browser: Browser, account: Account
) -> None:
    Block.objects.create(digits="4915112345678", account=account)
    pasted = "+49 151 12345678\n4917*, 4917*\nnobody\n\n49171;49172"
    form = {"numbers": pasted, "account": account.sid, "note": "court order"}
    page = browser.post("/admin/sms/block/many/", form, follow=True).content.decode()
    assert "3 added. 2 stood there already." in page
    assert "left out: nobody" in page
    added = Block.objects.filter(added_by="maria", note="court order", account=account)
    assert {block.pattern for block in added} == {"4917*", "49171", "49172"}
    told = LogEntry.objects.filter(content_type__model="block", additional_data__by="maria")
    assert told.count() == 3


def test_one_number_is_blocked_however_it_is_written(browser: Browser) -> None:
    browser.post("/admin/sms/block/add/", {"digits": "+49 (151) 234-5678", "note": ""})
    assert Block.objects.get().pattern == "491512345678"
    page = browser.post("/admin/sms/block/add/", {"digits": "nobody"}).content.decode()
    assert "Digits only" in page


def test_many_numbers_cost_few_statements(
    account: Account, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    # SQLite takes a thousand values a statement, and each row has seven.
    numbers = [f"49151{n:07}" for n in range(1000)]
    with django_assert_max_num_queries(40):
        taken = barring.block(numbers, account=None, note="", by="maria")
    assert (taken.added, Block.objects.count()) == (1000, 1000)


def test_too_many_and_strange_accounts_are_refused(browser: Browser) -> None:
    form = {"numbers": "4915\n" * 20_001, "account": "AC404"}
    page = browser.post("/admin/sms/block/many/", form).content.decode()
    assert "20,001 are too many at once" in page and "There is no such account" in page


def test_a_block_that_is_lifted_is_told(browser: Browser) -> None:
    block = Block.objects.create(digits="4915112345678")
    chosen = {"action": "delete_selected", "_selected_action": block.pk, "post": "yes"}
    assert "Lift the selected blocks" in browser.get("/admin/sms/block/").content.decode()
    browser.post("/admin/sms/block/", chosen)
    entry = LogEntry.objects.get(content_type__model="block", action=LogEntry.Action.DELETE)
    assert (entry.object_repr, entry.additional_data["by"]) == ("4915112345678", "maria")


def test_people_are_opted_out_by_an_operator(browser: Browser, number: PhoneNumber) -> None:
    form = {"number": f"+{number.key}", "people": "+4915112345678, 4917112345678\nnobody"}
    page = browser.post("/admin/sms/optout/stop/", form, follow=True).content.decode()
    assert "2 added." in page and "left out: nobody" in page
    rows = OptOut.objects.filter(account=number.account, number=number.key)
    assert {row.person for row in rows} == {"4915112345678", "4917112345678"}
    assert barring.opt_out(number, ["4915112345678"]).known == 1
    answer = browser.post("/admin/sms/optout/stop/", {"number": "1", "people": "2"})
    assert "No account has this number." in answer.content.decode()
