"""Log-in: locked after wrong passwords, for one name from one address; sessions end."""

from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.test import RequestFactory

from accounts.models import Account
from accounts.provisioning.passwords import check_strength
from staff.access import checks
from staff.access.address import client_address
from staff.passwords import LongEnough

LOGIN = "/admin/login/?next=/admin/"
NEAR, FAR = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "198.51.100.1"}


@pytest.fixture
def maria(db: None, settings: LazySettings) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_superuser("maria", password="right")


def try_login(password: str, **meta: Any) -> Any:
    return Browser().post(LOGIN, {"username": "maria", "password": password}, **meta)


def test_guessing_locks_one_name_from_one_address_for_a_while(
    maria: User, settings: LazySettings
) -> None:
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        answers = [try_login("wrong", **NEAR) for _ in range(settings.LOGIN_TRIES)]
        assert [answer.status_code for answer in answers[:-1]] == [200] * (len(answers) - 1)
        locked = try_login("right", **NEAR)
        assert locked.status_code == 429
        assert "After 15 minutes you may try again" in " ".join(locked.content.decode().split())
        assert try_login("right", **FAR).status_code == 302, "its owner comes in from elsewhere"
        clock.shift(settings.LOGIN_LOCKOUT_S + 1)
        assert try_login("right", **NEAR).status_code == 302


def test_an_administrator_lets_somebody_in_again(maria: User, settings: LazySettings) -> None:
    for _ in range(settings.LOGIN_TRIES):
        try_login("wrong", **NEAR)
    browser = Browser()
    browser.force_login(maria)
    page = "/admin/axes/accessattempt/"
    assert "locked out until" in browser.get(page).content.decode()
    chosen = AccessAttempt.objects.get().pk
    browser.post(page, {"action": "let_in", "_selected_action": chosen})
    assert try_login("right", **NEAR).status_code == 302


def test_what_is_tried_at_the_api_locks_nobody_out_of_the_admin(account: Account) -> None:
    for _ in range(20):
        Browser().get(
            f"/api/2012-04-24/Accounts/{account.sid}", headers={"authorization": "Basic bTptbQ=="}
        )
    assert not AccessAttempt.objects.exists()


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "10.9.9.9", "192.0.2.1"),  # a stranger's invention
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),  # our proxy on this host
        ("127.0.0.1", "10.9.9.9, 192.0.2.1", "192.0.2.1"),  # invented before it
        ("127.0.0.1", "192.0.2.1, 10.0.0.2", "192.0.2.1"),  # two proxies of ours
        ("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("", "", None),
    ],
)
def test_address_is_the_nearest_that_is_no_proxy_of_ours(
    remote: str, forwarded: str, address: str | None, settings: LazySettings
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8", "10.0.0.2"]
    meta: dict[str, Any] = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}
    assert client_address(RequestFactory().get("/", **meta)) == address


def is_in(browser: Browser, **headers: str) -> bool:
    return browser.get("/admin/password_change/", headers=headers).status_code == 200


def test_a_session_ends_when_nobody_is_there_though_its_page_refreshes(
    maria: User, settings: LazySettings
) -> None:
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        browser = Browser()
        browser.force_login(maria)
        assert is_in(browser)
        for _ in range(2):
            clock.shift(settings.SESSION_IDLE_S - 10)
            assert is_in(browser), "used again and again"
        for _ in range(3):
            clock.shift(settings.SESSION_IDLE_S / 2)
            refreshed = is_in(browser, sec_fetch_mode="cors")
        assert not refreshed
        login = browser.get("/admin/", follow=True).content.decode()
        assert "Please log in again." in login


def test_a_session_ends_at_its_greatest_age(maria: User, settings: LazySettings) -> None:
    settings.SESSION_IDLE_S = settings.SESSION_MAX_S * 2
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        browser = Browser()
        browser.force_login(maria)
        assert is_in(browser)
        clock.shift(settings.SESSION_MAX_S - 10)
        assert is_in(browser)
        clock.shift(20)
        assert not is_in(browser)


def test_staff_need_longer_passwords_than_accounts(maria: User) -> None:
    check_strength("8 letters")
    with pytest.raises(ValidationError):
        LongEnough().validate("8 letters", maria)


def test_wrong_settings_say_so(settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "proxy.example"]
    settings.SESSION_IDLE_S = 0
    told = [*checks.trusted_proxies(), *checks.durations()]
    assert [error.id for error in told] == ["staff.E001", "staff.E002"]
