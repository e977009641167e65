"""The admin is a door like any other: what it changes goes through the verbs."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser

from accounts.models import Account, Client, PhoneNumber

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(db: None) -> Browser:
    staff = User.objects.create_superuser("staff", password="x")
    browser = Browser()
    browser.force_login(staff)
    return browser


def fields(account: Account, **changes: Any) -> dict[str, Any]:
    """Fill an account's form in as it is, with changes."""
    names = ("friendly_name", "email", "role", "status")
    return {**{name: getattr(account, name) or "" for name in names}, **changes}


def change(browser: Browser, account: Account, **changes: Any) -> str:
    url = f"/admin/accounts/account/{account.pk}/change/"
    return browser.post(url, fields(account, **changes), follow=True).content.decode()


@pytest.fixture
def child(account: Account) -> Account:
    return Account.objects.create(friendly_name="Child", parent=account)


def test_status_goes_down_the_tree(browser: Browser, account: Account, child: Account) -> None:
    change(browser, account, status="suspended", max_messages_per_day="7")
    account.refresh_from_db()
    child.refresh_from_db()
    assert (account.status, child.status) == ("suspended", "suspended")
    assert (account.max_messages_per_day, child.max_messages_per_day) == (7, None)
    change(browser, account, status="active", max_messages_per_day="")
    account.refresh_from_db()
    assert (account.status, account.max_messages_per_day) == ("active", None)


def test_closing_takes_numbers_and_is_final(
    browser: Browser, account: Account, number: PhoneNumber
) -> None:
    change(browser, account, status="closed")
    assert not PhoneNumber.objects.exists()
    assert "The account is closed." in change(browser, account, status="active")
    assert Account.objects.get().status == "closed"


def test_accounts_are_made_and_not_deleted(browser: Browser, account: Account) -> None:
    new = Account(friendly_name="New", email="Me@Example.org", parent=account)
    browser.post("/admin/accounts/account/add/", fields(new, parent=account.pk))
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
