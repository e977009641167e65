from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.db.models import QuerySet

from accounts.models import Account, Client, PhoneNumber
from accounts.secrets import digest

pytestmark = pytest.mark.django_db


def account(name: str = "Another", **fields: Any) -> Account:
    return Account.objects.create(friendly_name=name, **fields)


def chain(length: int) -> list[Account]:
    """Make accounts, each below the one before it."""
    accounts: list[Account] = []
    for _ in range(length):
        accounts.append(account(parent=accounts[-1] if accounts else None))
    return accounts


def number(owner: Account, text: str) -> PhoneNumber:
    return PhoneNumber.objects.create(account=owner, number=text)


@pytest.mark.parametrize(
    ("index", "find"),
    [
        ("account_email", lambda: Account.objects.named("Demo@Example.org")),
        ("client_login", lambda: Client.objects.with_login("Alice")),
    ],
)
def test_names_are_found_by_their_index(index: str, find: Callable[[], QuerySet[Any]]) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # the tables are nearly empty
    assert index in find().explain()


# --- what the database itself refuses ---------------------------------------------------


@pytest.mark.parametrize("again", ["15005550006", "+15005550006"])
def test_digits_belong_to_one_account_however_they_are_written(again: str) -> None:
    number(account(), "15005550006")
    with pytest.raises(IntegrityError):
        number(account(), again)


def test_a_short_code_is_somebodys_like_any_number() -> None:
    number(account(), "12345")
    with pytest.raises(IntegrityError):
        number(account(), "12345")


@pytest.mark.parametrize("again", ["dev-test", "Dev-Test", "DEV-TEST"])
def test_an_alphanumeric_sender_is_unique_in_its_account_without_case(again: str) -> None:
    owner = account()
    number(owner, "Dev-Test")
    with pytest.raises(IntegrityError):
        number(owner, again)


def test_an_alphanumeric_sender_is_nobodys_property() -> None:
    assert number(account(), "dev-test").key == number(account(), "Dev-Test").key


@pytest.mark.parametrize("again", ["alice", "Alice", "ALICE"])
def test_a_login_is_unique_everywhere_without_case(again: str) -> None:
    Client.objects.create(account=account(), login="alice", password="secret")
    with pytest.raises(IntegrityError):
        Client.objects.create(account=account(), login=again, password="secret")


@pytest.mark.parametrize("again", ["me@example.org", "Me@Example.ORG"])
def test_an_address_is_unique_without_case(again: str) -> None:
    account(email="me@example.org")
    with pytest.raises(IntegrityError):
        account(email=again)


def test_any_number_of_accounts_has_no_address() -> None:
    assert account().email is account().email is None


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Account, {"status": "asleep"}),
        (PhoneNumber, {"kind": "vanity"}),
    ],
)
def test_closed_sets_hold_in_the_database(
    model: type[Account] | type[PhoneNumber], values: dict[str, str]
) -> None:
    number(account(), "15005550006")
    with pytest.raises(IntegrityError):
        model._default_manager.update(**values)


def test_an_account_is_not_its_own_parent() -> None:
    row = account()
    with pytest.raises(IntegrityError):
        Account.objects.filter(pk=row.pk).update(parent=row)


def test_an_account_with_sub_accounts_cannot_be_removed() -> None:
    parent, _ = chain(2)
    with pytest.raises(IntegrityError):
        parent.delete()


@pytest.mark.parametrize("make", [account, lambda: number(account(), "15005550006")])
def test_a_sid_is_unique(make: Any) -> None:
    row = make()
    row.pk = None
    with pytest.raises(IntegrityError):
        row.save(force_insert=True)


# --- what a form refuses ----------------------------------------------------------------


def test_three_levels_of_accounts_are_enough() -> None:
    *_, third = chain(3)
    third.full_clean()
    with pytest.raises(ValidationError, match="not allowed to have sub-accounts"):
        Account(friendly_name="Fourth", parent=third).full_clean()


def test_an_account_moves_with_everything_below_it() -> None:
    top, _, _ = chain(3)
    top.parent = account()
    with pytest.raises(ValidationError, match="not allowed to have sub-accounts"):
        top.full_clean()


@pytest.mark.parametrize("below", [0, 1, 2])
def test_an_account_does_not_come_below_itself(below: int) -> None:
    accounts = chain(3)
    accounts[0].parent = accounts[below]
    with pytest.raises(ValidationError):
        accounts[0].full_clean()


def test_lineage_goes_up_to_the_root() -> None:
    top, middle, third = chain(3)
    assert list(third.lineage()) == [third, middle, top]
    assert third.root() == middle.root() == top.root() == top


@pytest.mark.parametrize(
    ("text", "kind"),
    [("+15005550006", "number"), ("12345", "number"), ("dev-test", "alphanumeric")],
)
def test_a_number_has_the_kind_of_its_form(text: str, kind: str) -> None:
    row = PhoneNumber(account=account(), number=text)
    row.full_clean()
    row.save()
    assert row.kind == kind


@pytest.mark.parametrize("text", ["", "12", "1" * 16, "twelve-chars", "äöü", "1-2", "-", "a\x00b"])
def test_what_is_neither_number_nor_sender_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        PhoneNumber(account=account(), number=text).full_clean()


def test_digits_that_are_taken_are_told_before_the_database_is_asked() -> None:
    number(account(), "15005550006")
    with pytest.raises(ValidationError, match="has these digits already"):
        PhoneNumber(account=account(), number="+15005550006").full_clean()


@pytest.mark.parametrize("login", ["", "a b", "a@b", "a:b", "a;b", "<a>", 'a"b', "a?b", "a=b"])
def test_a_login_must_fit_into_a_sip_address(login: str) -> None:
    with pytest.raises(ValidationError):
        Client(account=account(), login=login, password="secret").full_clean()


@pytest.mark.parametrize("login", ["alice", "alice.b-c_d", "+15005550006", "älice"])
def test_a_login_may_hold_other_signs(login: str) -> None:
    Client(account=account(), login=login, password="secret").full_clean()


# --- secrets ----------------------------------------------------------------------------


def test_the_digest_follows_the_token() -> None:
    row = account()
    assert row.auth_token_digest == digest(row.auth_token)
    row.auth_token = "f" * 32
    row.save()
    row.refresh_from_db()
    assert row.auth_token_digest == digest("f" * 32)


def test_the_digest_follows_where_only_the_token_is_saved() -> None:
    row = account()
    row.auth_token = "f" * 32
    row.save(update_fields=["auth_token"])
    row.refresh_from_db()
    assert row.auth_token_digest == digest("f" * 32)


def test_key_and_kind_follow_where_only_the_number_is_saved() -> None:
    row = number(account(), "15005550006")
    row.number = "dev-test"
    row.save(update_fields=["number"])
    row.refresh_from_db()
    assert (row.key, row.kind) == ("dev-test", "alphanumeric")


def test_every_account_has_secrets_of_its_own() -> None:
    one, two = account(), account()
    assert one.auth_token != two.auth_token
    assert one.signing_secret != two.signing_secret
    assert one.signing_secret.startswith("whsec_")


def test_an_address_names_its_account_without_case_and_a_sid_with() -> None:
    row = account(email="me@example.org")
    assert Account.objects.named("ME@example.org").get() == row
    assert Account.objects.named(row.sid).get() == row
    assert not Account.objects.named(row.sid.lower()).exists()
