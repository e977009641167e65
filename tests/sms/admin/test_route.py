"""Routes as routing reads them, and the page that tries a number."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client as Browser

from accounts.models import Account, PhoneNumber
from sms.models import Link, Message, Route
from tests.sms.conftest import MakeMessage

pytestmark = pytest.mark.django_db

TRY = "/admin/sms/route/try/"


@pytest.fixture
def browser(db: None) -> Browser:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("staff", password="x"))
    return browser


def words(page: bytes) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page.decode()).split())


def test_the_list_stands_as_routing_reads_it(
    browser: Browser, link: Link, account: Account
) -> None:
    other = Link.objects.create(name="other", host="h")
    for columns in (
        {},
        {"sender": "shop"},
        {"prefix": "49", "priority": 200, "link": other},
        {"prefix": "49"},
        {"prefix": "49", "sender": "sh*"},
        {"prefix": "49", "sender": "shop"},
        {"prefix": "49", "account": account},
        {"prefix": "4915"},
    ):
        Route.objects.create(**{"link": link, **columns})
    page = browser.get("/admin/sms/route/").content.decode()
    cells = re.findall(
        r"field-(shown_prefix|whose|shown_sender|turn)\b[^>]*>(.*?)</t[dh]>", page, re.S
    )
    told = [" ".join(re.sub("<[^>]*>", " ", text).split()).partition(",")[0] for _, text in cells]
    assert [tuple(told[n : n + 4]) for n in range(0, len(told), 4)] == [
        ("+4915", "all", "any", "100"),
        ("+49", "Demo", "any", "100"),
        ("+49", "all", "shop", "100"),
        ("+49", "all", "sh*", "100"),
        ("+49", "all", "any", "100"),
        ("+49", "all", "any", "200"),
        ("any number", "all", "shop", "100"),
        ("any number", "all", "any", "100"),
    ]


def test_a_prefix_is_taken_as_people_write_it_but_never_with_a_zero(
    browser: Browser, link: Link
) -> None:
    form = {"link": link.pk, "priority": 100, "weight": 1, "price_per_segment": 0}
    page = browser.post("/admin/sms/route/add/", {**form, "prefix": "0049"}).content.decode()
    assert "write 49, not 0049" in page and not Route.objects.exists()
    browser.post("/admin/sms/route/add/", {**form, "prefix": "+49"})
    assert Route.objects.get().prefix == "49"


def test_a_number_is_tried_without_a_message(
    browser: Browser, link: Link, account: Account, number: PhoneNumber
) -> None:
    Route.objects.create(prefix="49", link=link)
    asked = {"account": "demo@example.org", "sender": number.number, "recipient": "+49 151 1234567"}
    for name in (account.sid, "demo@example.org", "demo"):
        told = words(browser.post(TRY, {**asked, "account": name}).content)
        assert "It waits for carrier: none of its links takes it now." in told
        assert "no worker runs for it" in told and "prefix 49, priority 100" in told
    wrong = words(browser.post(TRY, {"account": "x"}).content)
    assert "There is no such account." in wrong and "This is needed." in wrong
    assert "This field is required." not in wrong
    assert not Message.objects.exists()


def test_a_message_fills_the_form_for_who_may_see_it(
    browser: Browser, link: Link, make_message: MakeMessage
) -> None:
    Route.objects.create(prefix="", link=link)
    message = make_message(body="a secret " * 40)
    page = browser.get(TRY, {"message": message.sid}).content
    assert message.recipient in page.decode() and "3 segments" in words(page)
    assert "a secret" not in page.decode()
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    stranger = Browser()
    stranger.force_login(viewer)
    assert stranger.get(TRY).status_code == 403
    viewer.user_permissions.add(Permission.objects.get(codename="view_route"))
    page = stranger.get(TRY, {"message": message.sid}).content
    assert message.recipient not in page.decode()
