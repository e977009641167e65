"""The admin in Chromium: nothing against its content policy, and pictures of its main pages.

`make pictures` keeps the pictures for the README, of more messages.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account
from sms import showcase
from sms.models import Link, Message
from tests.fakes.browser import CHROMIUM, Browser

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
]

PICTURES = os.environ.get("PICTURES", "")
LARGEST = 100_000
PHONE = 390
_THEMES = ("light", "dark")


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """Name the server as Chromium may: it resolves no names."""
    return str(live_server.url).replace("localhost", "127.0.0.1")


@pytest.fixture
def administrator(site: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ines", password="x"))
    return client


@pytest.fixture
def browser(tmp_path: Path, site: str, administrator: Client) -> Iterator[Browser]:
    """Start a browser in which an administrator is logged in."""
    browser = Browser(tmp_path / "profile")
    session = administrator.cookies[settings.SESSION_COOKIE_NAME].value
    browser.cookie(settings.SESSION_COOKIE_NAME, session, site)
    yield browser
    browser.close()


def addresses() -> Iterator[str]:
    """List the list, the empty form and one filled form of everything in the admin."""
    yield reverse("admin:index")
    for model in admin.site._registry:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{base}_changelist")
        yield reverse(f"{base}_add")
        newest = model._default_manager.order_by("pk").last()
        if newest is not None:
            yield reverse(f"{base}_change", args=(newest.pk,))


def test_no_page_does_what_its_content_policy_forbids(
    browser: Browser, site: str, administrator: Client
) -> None:
    showcase.fill(60)
    for address in addresses():
        if administrator.get(address).status_code == 200:  # nobody adds some
            browser.open(site + address)
            assert browser.complaints == [], address
    assert browser.run("getComputedStyle(document.body).fontFamily").startswith("Inter")


def test_pages_fit_in_both_themes_and_on_a_phone(
    browser: Browser, site: str, tmp_path: Path
) -> None:
    showcase.fill(showcase.MESSAGES if PICTURES else 120)
    message = Message.objects.filter(status="undelivered").latest("id")
    link = Link.objects.get(name="rheintel-de")
    pages = {
        "dashboard": reverse("admin:index"),
        "messages": reverse("admin:sms_message_changelist"),
        "message": reverse("admin:sms_message_change", args=(message.pk,)),
        "link": reverse("admin:sms_link_change", args=(link.pk,)),
    }
    folder = Path(PICTURES or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, address in pages.items():
        taken = [_picture(browser, site + address, theme) for theme in _THEMES]
        assert len(set(taken)) == len(_THEMES)
        for theme, picture in zip(_THEMES, taken, strict=True):
            assert len(picture) < LARGEST
            (folder / f"{name}-{theme}.webp").write_bytes(picture)
        browser.look(width=PHONE, height=844)
        browser.open(site + address)
        assert browser.run("document.documentElement.scrollWidth") == PHONE, name
        (tmp_path / f"{name}-phone.webp").write_bytes(browser.screenshot(kind="webp"))
    assert browser.complaints == []


_SCROLLS = """[...document.querySelectorAll('body *')].filter((e) =>
    getComputedStyle(e).overflowX === 'auto' && e.scrollWidth > e.clientWidth + 1).length"""

_CUT = """[...document.querySelectorAll('td > div')].filter((e) =>
    e.getBoundingClientRect().right >
        e.closest('table').parentElement.getBoundingClientRect().right + 1).length"""


def test_no_page_scrolls_sideways(browser: Browser, site: str, administrator: Client) -> None:
    showcase.fill(120)
    browser.look(width=1280)
    for address in addresses():
        if administrator.get(address).status_code == 200:
            browser.open(site + address)
            assert browser.run(_SCROLLS) == 0, address
            assert browser.run(_CUT) == 0, address
    browser.look(width=PHONE, height=844)
    for address in addresses():
        if administrator.get(address).status_code == 200:
            browser.open(site + address)
            assert browser.run("document.documentElement.scrollWidth") == PHONE, address


def test_a_new_token_is_copied_by_a_button(browser: Browser, site: str) -> None:
    account = Account.objects.create(friendly_name="Shop")
    browser.open(f"{site}/admin/accounts/account/{account.pk}/token/")
    browser.run("document.querySelector('form:has([name=grace_s]) [type=submit]').click()")
    browser.wait("document.querySelector('[data-copies=token]:not([hidden])')")
    browser.run("document.querySelector('[data-copies=token]').click()")
    # Without a person's click the browser keeps its clipboard to itself: then it is selected.
    browser.wait("/Copied|Selected/.test(document.querySelector('[data-copies=token]').innerText)")
    account.refresh_from_db()
    assert browser.run("document.getElementById('token').innerText") == account.auth_token
    assert browser.run("String(getSelection())") == account.auth_token
    assert browser.complaints == []


def _picture(browser: Browser, address: str, theme: str) -> bytes:
    browser.look(width=1280, height=900, dark=theme == "dark")
    browser.open(address)
    browser.wait("document.fonts.status === 'loaded'")
    assert browser.run("document.documentElement.scrollWidth") <= 1280, address
    return browser.screenshot(kind="webp", quality=70)


def _click_last_bar(browser: Browser) -> None:
    canvas = "document.querySelector('[data-chart=statuses] canvas')"
    box = f"{canvas}.getBoundingClientRect()"
    at = "{bubbles: true, clientX: box.right - 12, clientY: box.top + box.height / 2}"
    browser.run(f"(box => {canvas}.dispatchEvent(new MouseEvent('click', {at})))({box})")


def test_the_dashboard_draws_its_charts_and_refreshes_by_itself(
    browser: Browser, site: str
) -> None:
    showcase.fill(120)
    browser.open(site + reverse("admin:index"))
    browser.wait("document.querySelectorAll('.dash-chart canvas:not([hidden])').length === 3")
    browser.run("document.querySelector('.dash-tile .dash-value').textContent = 'old'")
    browser.run("document.dispatchEvent(new Event('visibilitychange'))")  # as if one comes back
    browser.wait("document.querySelector('.dash-tile .dash-value').textContent !== 'old'")
    _click_last_bar(browser)
    browser.wait("location.search.includes('until_time')")
    browser.open(site + reverse("admin:index"))
    User.objects.all().delete()
    browser.run("document.dispatchEvent(new Event('visibilitychange'))")
    browser.wait("location.pathname.includes('/login/')")
