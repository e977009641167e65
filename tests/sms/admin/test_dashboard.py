"""The first page: the numbers of a period, the lists behind them, and who may see which."""

import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from sms.admin.dashboard import words
from sms.models import Link
from tests.sms.conftest import MakeMessage, connected
from tests.sms.statistics.conftest import count, finished

pytestmark = pytest.mark.django_db

PAGE, NOW = "/admin/", "/admin/dashboard/"


def log_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


@pytest.fixture
def browser(db: None) -> Browser:
    return log_in(User.objects.create_superuser("staff", password="x"))


def staff_with(*rights: str) -> Browser:
    user = User.objects.create_user("viewer", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return log_in(user)


def read(browser: Browser, path: str = NOW) -> str:
    """Read a page as a person does, without tags."""
    page = browser.get(path).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
def minute() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=3)


def test_tiles_say_what_became_of_messages(
    browser: Browser, make_message: MakeMessage, minute: datetime
) -> None:
    for _ in range(3):
        finished(make_message, minute, sent_s=0.1, took_s=2)
    make_message(date_created=minute, status="undelivered", error_code=30003, due_at=None)
    make_message(date_created=minute, status="sent", due_at=None)
    make_message(date_created=minute, status="received", direction="inbound", due_at=None)
    count()
    page = read(browser)
    assert "Messages 6 5 out, 1 in" in page
    assert "Delivered 75.0 % of what came to an end; 1 wait for a receipt" in page
    assert "Not delivered 1 0 failed, 1 undelivered" in page
    assert "30003 Unreachable destination handset 1" in page


@pytest.mark.parametrize(("period", "expected"), [("hour", 1), ("day", 2), ("week", 3)])
def test_a_period_shows_what_was_accepted_in_it(
    browser: Browser, make_message: MakeMessage, period: str, expected: int
) -> None:
    now = datetime.now(UTC)
    for age in (timedelta(minutes=2), timedelta(hours=5), timedelta(days=3)):
        make_message(date_created=now - age, status="sent", due_at=None)
    count()
    assert f"Messages {expected} " in read(browser, f"{NOW}?period={period}")


def test_links_show_where_they_stand_and_how_fast_they_are(
    browser: Browser, make_message: MakeMessage, link: Link, minute: datetime
) -> None:
    connected(link)
    Link.objects.create(name="gone", host="127.0.0.1")
    finished(make_message, minute, sent_s=0.1, took_s=4)
    late = datetime.now(UTC) - timedelta(minutes=5)
    make_message(date_created=late, due_at=late, status="queued")
    count()
    page = read(browser)
    assert "Links up 1 of 2 not up: gone" in page
    assert "Waiting to be sent 1 the oldest is 5.0 min overdue" in page
    assert "carrier up 1 5.0 min – 2 100.0 % 0 75 ms 98 ms 3.5 s 4.8 s" in page.replace(
        "100 %", "100.0 %"
    )
    assert "gone no worker runs for it 0 – – 0 – 0" in page


def test_each_tile_leads_to_a_list_that_exists(browser: Browser, link: Link) -> None:
    for period in ("hour", "day", "week"):
        page = browser.get(f"{NOW}?period={period}").content.decode()
        addresses = set(re.findall(r'href="(/admin/[^"]+)', page))
        assert len(addresses) >= 8
        for address in addresses:
            assert browser.get(address.replace("&amp;", "&")).status_code == 200, address


def test_lists_of_a_day_are_named_by_their_first_moment(browser: Browser) -> None:
    page = browser.get(f"{NOW}?period=day").content.decode()
    [address] = re.findall(r'href="([^"]+status=delivered[^"]*)"', page)
    query = parse_qs(urlsplit(address.replace("&amp;", "&")).query)
    first = datetime.fromisoformat(f"{query['since_day'][0]}T{query['since_time'][0]}+00:00")
    assert timedelta(hours=23, minutes=49) < datetime.now(UTC) - first <= timedelta(hours=24)


def test_charts_get_a_number_for_each_span(
    browser: Browser, make_message: MakeMessage, minute: datetime
) -> None:
    finished(make_message, minute, sent_s=0.1, took_s=4)
    count()
    page = browser.get(NOW).content.decode()
    found = re.search(r'id="dashboard-charts" type="application/json">(.*?)</script>', page)
    assert found
    drawn = json.loads(found[1])
    [series] = drawn["statuses"]
    assert (series["name"], sum(series["counts"]), len(series["counts"])) == ("delivered", 1, 60)
    [line] = drawn["sent"]
    assert line["name"] == "carrier"
    index = series["counts"].index(1)
    assert 50 < line["values"][index] <= 100
    assert datetime.fromisoformat(drawn["starts"][index]) == minute.replace(second=0, microsecond=0)


def test_an_empty_platform_says_how_to_begin(browser: Browser) -> None:
    page = read(browser)
    assert "No link yet: nothing can be sent. Connect a carrier , then add a route" in page
    assert "Nothing failed." in page


def test_who_may_see_nothing_is_told_whom_to_ask() -> None:
    page = read(staff_with(), PAGE)
    assert "There is nothing here for you yet." in page
    assert "Callbacks waiting" not in page


def test_everybody_sees_what_they_have_the_right_to() -> None:
    page = read(staff_with("view_link"))
    assert "Links up" in page
    assert "Waiting to be sent" in page
    assert "Delivered" not in page
    assert "Callbacks waiting" not in page


def test_support_sees_everything_and_may_not_add_links(link: Link) -> None:
    Link.objects.all().delete()
    user = User.objects.create_user("sue", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name="Support"))
    page = read(log_in(user))
    for tile in ("Messages", "Links up", "Callbacks waiting", "Clients registered"):
        assert tile in page
    assert "Connect a carrier" not in page


def test_strangers_are_sent_to_the_log_in() -> None:
    assert Browser().get(NOW).status_code == 302
    assert Browser().post(NOW).status_code == 302


def test_the_page_never_reads_the_table_of_messages_as_a_whole(
    browser: Browser, make_message: MakeMessage, minute: datetime
) -> None:
    make_message(date_created=minute)
    with CaptureQueriesContext(connection) as seen:
        browser.get(NOW)
    whole = [
        query["sql"]
        for query in seen
        if 'FROM "sms_message"' in query["sql"] or "FROM sms_message" in query["sql"]
    ]
    assert all("due_at" in sql for sql in whole)  # the queue's index alone
    assert len(seen) < 25


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "–"),
        (0, "0 ms"),
        (43.4, "43 ms"),
        (1_250, "1.2 s"),
        (38_000, "38 s"),
        (198_000, "3.3 min"),
        (86_400_000, "1.0 d"),
    ],
)
def test_durations_are_written_in_their_largest_unit(milliseconds: float | None, text: str) -> None:
    assert words.duration(milliseconds) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (None, "–"),
        (0, "0 %"),
        (1, "100 %"),
        (0.99999, "99.9 %"),
        (0.00001, "0.1 %"),
        (0.5, "50.0 %"),
    ],
)
def test_only_what_is_whole_is_all(part: float | None, text: str) -> None:
    assert words.share(part) == text
