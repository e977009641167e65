"""Operators' orders to links, and their settings, through the admin."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.forms.models import model_to_dict
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from sms import slots
from sms.lifecycle import LinkState
from sms.models import Link

pytestmark = pytest.mark.django_db

LIST = "/admin/sms/link/"
NO_ROWS = {
    f"{rows}-{count}_FORMS": 0
    for rows in ("routes", "slots", "health")
    for count in ("TOTAL", "INITIAL")
}


@pytest.fixture
def browser(db: None) -> Browser:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("staff", password="x"))
    return browser


def give(browser: Browser, link: Link, order: str) -> str:
    """Choose an action in the list of links; return the page that follows."""
    form = {"action": order, "_selected_action": link.pk}
    return browser.post(LIST, form, follow=True).content.decode()


def change(browser: Browser, link: Link, **columns: Any) -> str:
    old = {name: value for name, value in model_to_dict(link).items() if value is not None}
    for secret in ("password", "tls_key"):
        old.pop(secret)
    for table in ("status_overrides", "err_overrides", "network_error_codes"):
        old[table] = "{}"
    form = {**old, **NO_ROWS, **columns}
    url = f"{LIST}{link.pk}/change/"
    return browser.post(url, form, follow=True).content.decode()


def test_an_order_says_what_will_happen_and_changes_the_row(browser: Browser, link: Link) -> None:
    page = give(browser, link, "pause")
    assert "Link carrier stays connected and takes receipts and inbound messages" in page
    link.refresh_from_db()
    assert link.mode == "pause"
    assert "Link carrier waits for the answers that are due" in give(browser, link, "rebind")
    link.refresh_from_db()
    assert (link.mode, link.generation) == ("pause", 1)


def test_an_order_to_a_disabled_link_says_that_it_waits(browser: Browser, link: Link) -> None:
    assert "given workers" not in give(browser, link, "disable")
    assert "Link carrier is disabled; once it is enabled, it" in give(browser, link, "drain")
    assert "Link carrier is given workers" in give(browser, link, "enable")


def test_who_may_only_look_gives_no_orders(link: Link) -> None:
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_link"))
    browser = Browser()
    browser.force_login(viewer)
    give(browser, link, "pause")
    link.refresh_from_db()
    assert link.mode == "run"


def test_an_edit_keeps_the_orders_and_the_secrets(browser: Browser, link: Link) -> None:
    Link.objects.update(mode="pause", generation=3, password="secret")
    link.refresh_from_db()
    page = change(browser, link, window_size=77)
    assert "follow within a second" in page
    link.refresh_from_db()
    assert (link.window_size, link.mode, link.generation) == (77, "pause", 3)
    assert link.password == "secret" and "secret" not in page


def test_a_wrong_setting_is_told_at_its_field(browser: Browser, link: Link) -> None:
    page = change(browser, link, system_id="é")
    assert "SMPP takes printable ASCII characters here." in page


def test_the_list_tells_the_truth_about_each_link(browser: Browser, link: Link) -> None:
    def state() -> str:
        page = browser.get(LIST).content.decode()
        found = re.search(r'<td class="[^"]*\bfield-state\b[^>]*>([^<]*)<', page)
        assert found, "the list has no such column"
        return found[1].strip()

    assert state() == "no worker runs for it"
    slot = slots.take(link_id=link.id, owner="a", binds=1)
    slots.take(link_id=link.id, owner="b", binds=1)
    slots.tell(slot, owner="a", state=LinkState.UP, detail="bound to acme")
    assert state() == "up bound to acme (1 standing by)"
    Link.objects.update(binds=2)
    slots.tell(slot, owner="a", state=LinkState.PAUSED, detail="bound to acme")
    assert state().startswith("0 of 2 up; paused bound to acme; standing by")
    Link.objects.update(enabled=False)
    assert state() == "disabled"


def test_the_list_asks_as_much_for_many_links_as_for_one(browser: Browser, link: Link) -> None:
    with CaptureQueriesContext(connection) as one:
        browser.get(LIST)
    for n in range(5):
        other = Link.objects.create(name=f"link{n}", host="h")
        slots.take(link_id=other.id, owner="a", binds=1)
    with CaptureQueriesContext(connection) as many:
        browser.get(LIST)
    assert len(many) <= len(one) + 1
