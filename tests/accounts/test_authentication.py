"""Who gets in, and what a wrong guess costs us."""

import base64
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import RequestFactory
from rest_framework import exceptions
from rest_framework.request import Request

from accounts import memory
from accounts.authentication import PASSWORD_TRIES, AccountAuthentication, Caller
from accounts.models import Account
from tests.conftest import basic

PASSWORD = "correct horse battery staple"


class CountingHasher(MD5PasswordHasher):
    """Quick, and knows how often it was asked."""

    checks = 0

    def verify(self, password: str, encoded: str) -> bool:
        CountingHasher.checks += 1
        return super().verify(password, encoded)


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.checks = 0


@pytest.fixture
def member(account: Account) -> Account:
    account.set_password(PASSWORD)
    account.save()
    return account


def authenticated(header: str, *, address: str = "192.0.2.1") -> Caller:
    request = RequestFactory().get("/", headers={"authorization": header}, REMOTE_ADDR=address)
    caller, _ = AccountAuthentication().authenticate(Request(request))
    return caller


def is_refused(header: str, **where: str) -> bool:
    try:
        authenticated(header, **where)
    except (exceptions.AuthenticationFailed, exceptions.NotAuthenticated):
        return True
    return False


def test_caller_carries_what_requests_need(member: Account) -> None:
    caller = authenticated(basic(member.sid, member.auth_token))
    assert caller == Caller(id=member.pk, sid=member.sid, role="Administrator", status="active")
    assert caller.is_authenticated and caller.is_active and caller.may_write


@pytest.mark.parametrize("name", ["{sid}", "{email}", "DEMO@Example.ORG"])
@pytest.mark.parametrize("secret", ["{token}", PASSWORD])
def test_sid_or_address_opens_with_token_or_password(
    member: Account, name: str, secret: str
) -> None:
    known = {"sid": member.sid, "email": member.email, "token": member.auth_token}
    assert authenticated(basic(name.format(**known), secret.format(**known))).id == member.pk


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("{sid}", "wrong"),
        ("{sid}", ""),
        ("{email}", "wrong"),
        ("Demo", "{token}"),  # the friendly name
        ("", "{token}"),
        ("AC" + "0" * 32, "{token}"),
        ("{sid}\x00", "{token}"),
        ("nobody@example.org", "{token}"),
        ("{sid}", "{digest}"),
        ("{sid}", "{stored}"),
    ],
)
def test_anything_else_is_refused(member: Account, name: str, secret: str) -> None:
    known = {
        "sid": member.sid,
        "email": member.email,
        "token": member.auth_token,
        "digest": member.auth_token_digest,
        "stored": member.password,
    }
    assert is_refused(basic(name.format(**known), secret.format(**known)))


def test_account_without_password_is_not_opened_by_an_empty_one(account: Account) -> None:
    assert is_refused(basic(account.sid, ""))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YWJj",
        "Bearer {credentials}",
        "Basic {credentials} more",
        "Basic \u00e4",
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    ],
)
def test_malformed_header_is_refused(member: Account, header: str) -> None:
    credentials = basic(member.sid, member.auth_token).removeprefix("Basic ")
    assert is_refused(header.format(credentials=credentials))


def test_password_may_hold_colons_and_any_character(member: Account) -> None:
    member.set_password("a:ü:€")
    member.save()
    assert authenticated(basic(member.sid, "a:ü:€")).id == member.pk


def test_developer_may_only_read(member: Account) -> None:
    Account.objects.update(role=Account.Role.DEVELOPER)
    assert not authenticated(basic(member.sid, member.auth_token)).may_write


def test_suspended_account_is_known_but_not_active(member: Account) -> None:
    Account.objects.update(status=Account.Status.SUSPENDED)
    assert not authenticated(basic(member.sid, member.auth_token)).is_active


def test_good_credentials_cost_no_query_again(
    member: Account, django_assert_num_queries: Any
) -> None:
    header = basic(member.sid, member.auth_token)
    authenticated(header)
    with django_assert_num_queries(0):
        authenticated(header)


def test_bad_credentials_are_not_remembered(member: Account) -> None:
    header = basic(member.sid, "b" * 32)
    assert is_refused(header)
    member.auth_token = "b" * 32
    member.save()
    assert not is_refused(header)


def test_memory_holds_no_credentials(member: Account) -> None:
    authenticated(header := basic(member.sid, PASSWORD))
    stored = repr(memory._entries)
    assert member.sid in stored
    for secret in (PASSWORD, header, header.removeprefix("Basic "), member.password):
        assert secret not in stored


def test_guessing_passwords_stops_costing_us(member: Account) -> None:
    for guess in range(PASSWORD_TRIES + 5):
        assert is_refused(basic(member.sid, f"guess {guess}"))
    assert CountingHasher.checks == PASSWORD_TRIES
    # From elsewhere, and with the token, the owner still gets in.
    assert is_refused(basic(member.sid, PASSWORD))
    assert not is_refused(basic(member.sid, PASSWORD), address="192.0.2.2")
    assert not is_refused(basic(member.sid, member.auth_token))
