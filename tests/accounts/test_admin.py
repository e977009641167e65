"""The admin is a door like any other: what it changes goes through the verbs."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.utils import timezone

from accounts import memory
from accounts.admin.account import RELATED
from accounts.models import Account, Client, PhoneNumber
from tests.conftest import caller, opens

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(db: None) -> Browser:
    staff = User.objects.create_superuser("staff", password="x")
    browser = Browser()
    browser.force_login(staff)
    return browser


def fields(account: Account, **changes: Any) -> dict[str, Any]:
    """Fill an account's form in as it is, with changes."""
    names = ("friendly_name", "email", "role")
    return {**{name: getattr(account, name) or "" for name in names}, **changes}


def change(browser: Browser, account: Account, **changes: Any) -> str:
    url = f"/admin/accounts/account/{account.pk}/change/"
    return browser.post(url, fields(account, **changes), follow=True).content.decode()


@pytest.fixture
def child(account: Account) -> Account:
    return Account.objects.create(friendly_name="Child", parent=account)


def give(browser: Browser, account: Account, order: str, **form: Any) -> str:
    """Press a button of an account, and say yes; return the page that follows."""
    url = f"/admin/accounts/account/{account.pk}/{order}/"
    return browser.post(url, form, follow=True).content.decode()


def test_a_status_goes_down_the_tree_after_a_question(
    browser: Browser, account: Account, child: Account
) -> None:
    asked = browser.get(f"/admin/accounts/account/{account.pk}/suspend/").content.decode()
    assert "What waits in the queue fails with 30002" in " ".join(asked.split())
    assert set(Account.objects.values_list("status", flat=True)) == {"active"}
    assert "is suspended" in give(browser, account, "suspend")
    assert set(Account.objects.values_list("status", flat=True)) == {"suspended"}
    assert "may send again" in give(browser, account, "resume")
    assert set(Account.objects.values_list("status", flat=True)) == {"active"}


def test_limits_are_set_and_lifted(browser: Browser, account: Account, child: Account) -> None:
    change(browser, account, max_messages_per_day="7")
    account.refresh_from_db()
    child.refresh_from_db()
    assert (account.max_messages_per_day, child.max_messages_per_day) == (7, None)
    change(browser, account, max_messages_per_day="")
    account.refresh_from_db()
    assert account.max_messages_per_day is None


def test_closing_takes_numbers_and_is_final(
    browser: Browser, account: Account, number: PhoneNumber
) -> None:
    give(browser, account, "close")
    assert not PhoneNumber.objects.exists()
    assert "The account is closed." in change(browser, account)
    url = f"/admin/accounts/account/{account.pk}/resume/"
    assert browser.post(url).status_code == 403
    assert Account.objects.get().status == "closed"


def test_a_token_is_shown_once_when_it_is_made(browser: Browser, account: Account) -> None:
    answer = browser.post(
        f"/admin/accounts/account/{account.pk}/token/", {"grace_s": "3600"}, follow=True
    )
    old, token = account.auth_token, Account.objects.get().auth_token
    assert token in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    shown = browser.get(f"/admin/accounts/account/{account.pk}/change/").content.decode()
    assert token not in shown and "the one before it ends at" in shown
    assert opens(account, old) and opens(Account.objects.get(), token)


def test_an_old_token_ends_at_once_where_it_is_in_wrong_hands(
    browser: Browser, account: Account, django_capture_on_commit_callbacks: Any
) -> None:
    assert opens(account, account.auth_token)
    with django_capture_on_commit_callbacks(execute=True):
        give(browser, account, "token", grace_s="0")
    assert not opens(account, account.auth_token)
    assert opens(Account.objects.get(), Account.objects.get().auth_token)


def test_who_has_an_old_token_is_not_told_the_new_one(browser: Browser, account: Account) -> None:
    give(browser, account, "token", grace_s="3600")
    stored = Account.objects.get()
    path = f"/api/2012-04-24/Accounts/{account.sid}.json"
    assert "auth_token" not in caller(account).get(path).json()
    assert caller(stored).get(path).json()["auth_token"] == stored.auth_token
    Account.objects.update(old_token_until=timezone.now() - timedelta(seconds=1))
    memory.clear()
    assert not opens(account, account.auth_token)


def test_the_list_is_a_tree_with_counts(
    browser: Browser, account: Account, child: Account, number: PhoneNumber
) -> None:
    Account.objects.create(friendly_name="Aardvark")
    Account.objects.create(friendly_name="Grandchild", parent=child)
    page = browser.get("/admin/accounts/account/").content.decode()
    places = [
        page.index(name) for name in ("Demo", "└\u00a0Child", "└\u00a0Grandchild", "Aardvark")
    ]
    assert places == sorted(places)
    own = browser.get(f"/admin/accounts/account/{child.pk}/change/").content.decode()
    assert "Demo</a> (active)" in own and "Grandchild</a> (active)" in own
    assert f"/admin/sms/message/?account__id__exact={child.pk}" in own


def test_the_list_asks_as_much_for_many_accounts_as_for_one(
    browser: Browser, account: Account, django_assert_max_num_queries: Any
) -> None:
    for n in range(20):
        Account.objects.create(friendly_name=f"Child {n}", parent=account)
    with django_assert_max_num_queries(8):
        browser.get("/admin/accounts/account/")


def test_each_list_of_what_an_account_has_opens(browser: Browser, account: Account) -> None:
    page = browser.get(f"/admin/accounts/account/{account.pk}/change/").content.decode()
    lists = re.findall(rf'href="(/admin/\w+/\w+/\?\w+={account.pk})"', page)
    assert len(lists) == len(RELATED)
    for url in lists:
        assert browser.get(url).status_code == 200, url


def test_accounts_are_made_and_not_deleted(browser: Browser, account: Account) -> None:
    new = Account(friendly_name="New", email="Me@Example.org", parent=account)
    answer = browser.post("/admin/accounts/account/add/", fields(new, parent=account.pk))
    assert Account.objects.get(friendly_name="New").auth_token in answer.content.decode()
    assert Account.objects.get(friendly_name="New").email == "me@example.org"
    assert browser.post(f"/admin/accounts/account/{account.pk}/delete/").status_code == 403


def test_number_is_added_changed_and_removed(browser: Browser, account: Account) -> None:
    base = "/admin/accounts/phonenumber/"
    form = {"sms_enabled": "on", "sms_method": "POST", "sms_fallback_method": "GET"}
    browser.post(f"{base}add/", {**form, "account": account.pk, "number": "+1555"})
    number = PhoneNumber.objects.get()
    assert (number.key, number.friendly_name, number.sms_fallback_method) == (
        "1555",
        "+1555",
        "GET",
    )
    browser.post(f"{base}{number.pk}/change/", {**form, "friendly_name": "Desk", "number": "1"})
    number.refresh_from_db()
    assert (number.number, number.friendly_name) == ("+1555", "Desk")
    browser.post(f"{base}{number.pk}/delete/", {"post": "yes"})
    assert not PhoneNumber.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+49 30 901820", "+4930901820"),  # as the field's own help has it
        ("+1 (555) 500-0777", "+15555000777"),
        ("My Shop", "My Shop"),
    ],
)
def test_a_number_is_taken_as_people_write_it(
    browser: Browser, account: Account, typed: str, kept: str
) -> None:
    form = {"sms_enabled": "on", "sms_method": "POST", "sms_fallback_method": "GET"}
    new = {**form, "account": account.pk, "number": typed}
    browser.post("/admin/accounts/phonenumber/add/", new)
    assert PhoneNumber.objects.get().number == kept


def test_a_number_that_is_somebodys_is_told_at_its_field(
    browser: Browser, account: Account, number: PhoneNumber
) -> None:
    form = {"sms_method": "POST", "sms_fallback_method": "GET", "friendly_name": "Desk 7"}
    new = {**form, "account": account.pk, "number": f"+{number.key}"}
    answer = browser.post("/admin/accounts/phonenumber/add/", new)
    assert answer.context["adminform"].form.errors == {
        "number": ["Another account or number has these digits already."]
    }
    assert "Desk 7" in answer.content.decode()  # nothing has to be typed again


def test_clients_are_disabled_and_removed_together(
    browser: Browser, account: Account, client_alice: Client
) -> None:
    base = "/admin/accounts/client/"
    browser.post(f"{base}{client_alice.pk}/change/", {"friendly_name": "Al", "digest": "MD5"})
    client_alice.refresh_from_db()
    assert (client_alice.friendly_name, client_alice.enabled) == ("Al", False)
    assert client_alice.password == "secret"
    chosen = {"action": "delete_selected", "_selected_action": client_alice.pk, "post": "yes"}
    browser.post(base, chosen)
    assert not Client.objects.exists()


def test_a_client_gets_a_password_that_no_page_shows(browser: Browser, account: Account) -> None:
    base = "/admin/accounts/client/"
    form = {"account": account.pk, "login": "bob", "digest": "MD5", "enabled": "on"}
    weak = browser.post(f"{base}add/", {**form, "password": "bob"}).content.decode()
    assert "Too weak" in weak and not Client.objects.exists()
    browser.post(f"{base}add/", {**form, "password": "a long secret"})
    client = Client.objects.get()
    assert (client.login, client.password) == ("bob", "a long secret")
    page = f"{base}{client.pk}/"
    assert "a long secret" not in browser.get(f"{page}change/").content.decode()
    slip = {"password": "another secret", "again": "another secrt"}
    assert "not the same" in browser.post(f"{page}password/", slip).content.decode()
    browser.post(f"{page}password/", {**slip, "again": "another secret"})
    client.refresh_from_db()
    assert client.password == "another secret"


@pytest.mark.parametrize("pk", ["x", "\u00b2", "NaN", "9" * 40])
def test_an_address_of_no_account_leads_home(browser: Browser, db: None, pk: str) -> None:
    assert browser.get(f"/admin/accounts/account/{pk}/change/").status_code == 302


def test_what_is_wrong_with_a_field_is_said_in_few_words(browser: Browser) -> None:
    form = {"friendly_name": "", "max_requests_per_second": "0", "role": "Administrator"}
    page = browser.post("/admin/accounts/account/add/", form).content.decode()
    assert "This is needed." in page and "At least 1." in page


def test_an_empty_list_says_what_that_means(browser: Browser) -> None:
    page = browser.get("/admin/accounts/client/").content.decode()
    assert "Softphones and browsers that log in to the SIP edge are listed here." in page
    assert "Nothing fits" in browser.get("/admin/accounts/client/?q=none").content.decode()


def test_times_are_written_as_everywhere_else(browser: Browser, account: Account) -> None:
    client = Client.objects.create(account=account, login="till", password="x")
    page = browser.get("/admin/accounts/client/").content.decode()
    assert f"{client.date_created:%Y-%m-%d %H:%M:%S}" in page
