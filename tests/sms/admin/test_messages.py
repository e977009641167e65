"""Messages in the admin: found, explained, sent again, cancelled, exported."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.models import Q
from django.http import StreamingHttpResponse
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import unrouted
from accounts.models import Account, PhoneNumber
from accounts.sids import new_sid
from sms.admin.messages import export, filters, listing, search
from sms.admin.messages.listing import ByDate, BySid, Listing, Span
from sms.lifecycle import Direction, SegmentState, Status
from sms.models import Callback, Event, Link, Message, Route, Segment
from sms.patience import OutOfTime
from tests.sms.conftest import MakeMessage

pytestmark = pytest.mark.django_db

LIST = "/admin/sms/message/"
TEXT = "Your secret is 4711"


@pytest.fixture
def browser(db: None) -> Browser:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("ann", password="x"))
    return browser


def staff(*rights: str) -> Browser:
    """Log somebody in who has these rights, beside seeing messages."""
    user = User.objects.create_user("bob", password="x", is_staff=True)
    for right in ("view_message", "view_callback", *rights):
        user.user_permissions.add(Permission.objects.get(codename=right))
    browser = Browser()
    browser.force_login(user)
    return browser


def sid_at(moment: datetime) -> str:
    return f"SM{int(moment.timestamp() * 1000):012x}{new_sid('')[12:]}"


def shown(browser: Browser, **query: Any) -> list[Message]:
    """Ask for the list; return its rows."""
    rows: list[Message] = list(browser.get(LIST, query).context["cl"].result_list)
    return rows


@pytest.fixture
def at(make_message: MakeMessage) -> Any:
    """Store a message of some hours ago."""

    def make(hours: float, **fields: Any) -> Message:
        moment = timezone.now() - timedelta(hours=hours)
        return make_message(date_created=moment, sid=sid_at(moment), due_at=None, **fields)

    return make


# --- finding ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["4915739360736", "+49 157 3936-0736", "004915739360736", "+49 (157) 39360736", "49157393*"],
)
def test_a_number_is_found_however_it_is_written(
    browser: Browser, make_message: MakeMessage, written: str
) -> None:
    to_it = make_message(recipient="+4915739360736")
    from_it = make_message(
        sender="4915739360736", sender_key="4915739360736", direction=Direction.INBOUND
    )
    make_message(recipient="4915739360737")
    make_message(recipient="491573")
    expected = {to_it, from_it} if "*" not in written else None
    found = set(shown(browser, q=written))
    assert found == expected or (expected is None and len(found) == 3)


def test_a_message_is_found_by_sid_account_and_the_carriers_id(
    browser: Browser, make_message: MakeMessage, account: Account, link: Link
) -> None:
    message = make_message(recipient="491111")
    Segment.objects.create(
        message=message,
        number=1,
        link=link,
        state=SegmentState.ACCEPTED,
        submitted_at=timezone.now(),
        remote_id="00A1F",
        remote_key="A1F",
    )
    other = Message.objects.create(
        account=Account.objects.create(friendly_name="Other"),
        direction=Direction.OUTBOUND_API,
        sender="x",
        recipient="492222",
    )
    asked = [message.sid, message.sid.lower(), account.sid, "DEMO@example.org", "demo"]
    for text in [*asked, "a1f", "00a1f", str(0xA1F)]:
        assert shown(browser, q=text) == [message], text
    assert set(shown(browser, q=message.sid[:5])) == {message, other}
    assert shown(browser, q="SM00") == []


def test_filters_narrow_the_list(browser: Browser, at: Any, link: Link) -> None:
    failed = at(1, status=Status.FAILED, error_code=30008)
    away = at(2, status=Status.UNDELIVERED, error_code=30003, link=None)
    old = at(50, status=Status.DELIVERED)
    came = at(3, status=Status.RECEIVED, direction=Direction.INBOUND)
    assert shown(browser) == [failed, away, came, old]
    assert shown(browser, status=["failed", "undelivered"]) == [failed, away]
    assert shown(browser, error="30003") == [away]
    assert shown(browser, error="any", link="none") == [away]
    assert shown(browser, link=link.pk, status="failed") == [failed]
    assert shown(browser, direction="outbound") == [failed, away, old]
    assert shown(browser, direction="inbound") == [came]
    assert shown(browser, when="week", status="delivered") == [old]
    account_id = failed.account_id
    assert shown(browser, account__id__exact=account_id, status="failed") == [failed]
    assert shown(browser, account__id__exact=account_id + 1) == []
    assert shown(browser, owner="nobody") == []
    Account.objects.create(sid=unrouted.SID, friendly_name="Unrouted")
    stray = at(1, status=Status.RECEIVED, account=Account.objects.get(sid=unrouted.SID))
    assert shown(browser, owner="nobody") == [stray]


@pytest.mark.parametrize("few", [0, 500])
def test_what_is_still_on_its_way_is_found_by_its_status(
    browser: Browser, make_message: MakeMessage, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "FEW", few)
    waiting = make_message(status=Status.QUEUED)
    claimed = make_message(locked_by="one", locked_until=timezone.now() + timedelta(minutes=1))
    make_message(status=Status.DELIVERED, due_at=None)
    assert set(shown(browser, status=["queued", "sending"])) == {waiting, claimed}


def test_a_written_time_bounds_the_list_in_utc(browser: Browser, at: Any) -> None:
    for hours in (1, 30, 100):
        at(hours)
    middle = timezone.now() - timedelta(hours=30)
    query = {
        "since_day": f"{middle - timedelta(hours=5):%Y-%m-%d}",
        "since_time": f"{middle - timedelta(hours=5):%H:%M}",
        "until_day": f"{middle + timedelta(hours=5):%Y-%m-%d}",
        "until_time": f"{middle + timedelta(hours=5):%H:%M:%S}",
    }
    assert len(shown(browser, **query)) == 1


@pytest.mark.parametrize(
    "written",
    [
        {"since_day": "2026-02-31"},
        {"until_day": "nonsense"},
        {"since_time": "10:00"},
        {"since_day": "2026-01-01", "since_time": "noon"},
        {"when": "nonsense"},
    ],
)
def test_what_is_no_time_does_not_mean_all(
    browser: Browser, make_message: MakeMessage, written: dict[str, str]
) -> None:
    """What is done to all that are listed would be done to all there are."""
    make_message()
    assert len(shown(browser, since_day="2020-01-01", since_time="10:00")) == 1
    assert shown(browser, **written) == []
    assert rows_of(browser.get(f"{LIST}export/", written)) == []
    if "when" not in written:
        page = browser.get(LIST, written).content.decode()
        assert "From and to are days such as 2026-11-30" in page


def test_a_day_without_a_time_is_meant_whole() -> None:
    span = filters.span({"since_day": "2026-11-21", "until_day": "2026-11-21"})
    assert span.since == datetime(2026, 11, 21, tzinfo=UTC)
    assert span.until and span.until > datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(("few", "most_owners"), [(500, 1000), (500, 0), (0, 1000)])
def test_a_numbers_beginning_is_found_however_many_have_it(
    browser: Browser,
    make_message: MakeMessage,
    few: int,
    most_owners: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "FEW", few)
    monkeypatch.setattr(search, "MOST_OWNERS", most_owners)
    to = make_message(recipient="4915739360736")
    by = make_message(sender_key="4915739360737", recipient="4420")
    make_message(recipient="4916000000000")
    account_id = to.account_id
    assert set(shown(browser, q="4915*")) == {to, by}
    assert set(shown(browser, q="4915*", account__id__exact=account_id)) == {to, by}
    assert shown(browser, q="4915*", account__id__exact=account_id + 1) == []
    assert shown(browser, q="4917*") == []


# SQLite has no statistics to plan by, so what a plan says of no rows it says of a million.
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="plans on PostgreSQL follow the rows")
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"q": "4915739360736"}, "segment_remote_key"),
        ({"q": "4915*"}, "message_by_to_key"),
        ({"status": "queued"}, "message_expiry"),
        ({"status": "queued"}, "message_leases"),
        ({"status": "failed"}, "message_failures"),
        ({"link": "none"}, "message_without_link"),
        ({"error": "30003"}, "message_failures"),
        ({"error": "30003", "account__id__exact": "1"}, "message_failures_of_account"),
        ({"status": "failed", "account__id__exact": "1"}, "message_by_status"),
    ],
)
def test_what_few_rows_have_is_read_along_an_index_of_its_own(
    browser: Browser, link: Link, account: Account, query: dict[str, str], index: str
) -> None:
    plans: list[str] = []

    def explained(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        if "sms_message" in sql or "sms_segment" in sql:
            with connection.cursor() as cursor:
                rows = cursor.connection.execute(
                    f"EXPLAIN QUERY PLAN {sql}".replace("%s", "?"), values
                )
                plans.extend(step for *_, step in rows)
        return execute(sql, values, many, context)

    with connection.execute_wrapper(explained):
        shown(browser, **query)
    assert any(f"INDEX {index}" in plan for plan in plans), plans
    # No walk along all: neither through a table, nor through all sids of a stretch of time.
    assert not [plan for plan in plans if re.search(r"SCAN sms_\w+$|autoindex_sms_message", plan)]


# --- paging -------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [BySid(), ByDate()])
def test_pages_follow_one_another_without_gap_or_repetition(at: Any, order: Any) -> None:
    rows = [at(hours) for hours in (0.1, 0.5, 2, 5, 20, 100, 1000, 5000, 20_000)]
    whole = Listing(Message.objects.all(), Span(), order)
    seen = [row for chunk in whole.chunks(2) for row in chunk]
    assert seen == rows
    assert whole.page(9).goes_on is False
    assert whole.page(8).goes_on is True


def test_a_message_on_two_paths_is_listed_once(make_message: MakeMessage) -> None:
    message = make_message(recipient="19876543212")  # to itself
    paths = [Q(sender_key="19876543212"), Q(recipient_key="19876543212")]
    assert Listing(Message.objects.all(), Span(), ByDate(), paths).page(9).rows == [message]


def test_the_list_leads_on_and_back(browser: Browser, make_message: MakeMessage) -> None:
    rows = [make_message() for _ in range(51)]
    first = browser.get(LIST).context["cl"]
    assert (len(first.result_list), first.page.goes_on) == (50, True)
    second = browser.get(LIST + first.older_url).context["cl"]
    assert {*first.result_list, *second.result_list} == set(rows)
    assert browser.get(LIST + second.newest_url).context["cl"].is_first


def test_a_search_that_takes_too_long_shows_what_it_found_and_how_far_it_looked(
    browser: Browser, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recent = at(0.5)
    old = at(30)
    read = Listing._read

    def slow(self: Listing, span: Span, *others: Any) -> list[Message]:
        if span.until and span.until < timezone.now() - timedelta(hours=2):
            raise OutOfTime
        return read(self, span, *others)

    with monkeypatch.context() as patch:
        patch.setattr(Listing, "_read", slow)
        answer = browser.get(LIST)
    assert list(answer.context["cl"].result_list) == [recent]
    assert "Looked back to" in answer.content.decode()
    with monkeypatch.context() as patch:
        patch.setattr(Listing, "_read", slow)
        none = browser.get(LIST, {"q": "4420*", "link": "none"}).content.decode()
    assert "What is older was not looked at." in none and "No message fits" not in none
    further = parse_qs(answer.context["cl"].further_url.removeprefix("?"))
    assert shown(browser, **further) == [old]


def test_nothing_is_counted(browser: Browser, make_message: MakeMessage) -> None:
    make_message()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        browser.get(LIST)
    assert not [query for query in asked.captured_queries if "COUNT(" in query["sql"].upper()]


# --- one message --------------------------------------------------------------------------


def test_its_page_says_why_it_failed_and_what_to_do(
    browser: Browser, make_message: MakeMessage
) -> None:
    message = make_message(status=Status.FAILED, due_at=None, error_code=30004)
    Event.objects.create(
        message=message, kind=Event.Kind.BLOCKED, raw="an operator has blocked 49*"
    )
    page = browser.get(f"{LIST}{message.pk}/change/").content.decode()
    assert "Message blocked (30004)" in page
    assert "the recipient is blocked: an operator has blocked 49*" in page
    assert "What to do:" in page
    assert page.count("an operator has blocked 49*") == 2, "and it is in the timeline"


def test_its_page_says_what_it_waits_for(
    browser: Browser, make_message: MakeMessage, link: Link
) -> None:
    due_at = timezone.now() + timedelta(minutes=5, seconds=9)
    message = make_message(status=Status.QUEUED, link=link, due_at=due_at)
    page = " ".join(browser.get(f"{LIST}{message.pk}/change/").content.decode().split())
    assert f"{link.name}</a>: no worker runs for it; 1 message waits for it." in page
    assert "It is tried again in 5 min." in page


def test_its_page_says_that_its_application_was_not_told(
    browser: Browser, make_message: MakeMessage
) -> None:
    message = make_message()
    told = {"message": message, "account": message.account, "status": "sent", "method": "POST"}
    answer = {"attempts": 1, "last_answer": "answered 500", "host": "app.example:443"}
    Callback.objects.create(event=Callback.Event.SENT, **told, **answer)
    page = browser.get(f"{LIST}{message.pk}/change/").content.decode()
    assert "Its application was not told (sent)" in page
    assert "It is still owed; 1 try so far, the last: answered 500." in page


def test_texts_are_for_those_who_may_read_them(make_message: MakeMessage) -> None:
    message = make_message(body=TEXT)
    url = f"{LIST}{message.pk}/change/"
    reader = staff("view_body")
    assert TEXT in reader.get(url).content.decode()
    User.objects.all().delete()
    page = staff().get(url).content.decode()
    assert TEXT not in page and "Hidden: reading texts needs a right of its own" in page


# --- orders -------------------------------------------------------------------------------


@pytest.fixture
def failed(make_message: MakeMessage, number: PhoneNumber, link: Link) -> list[Message]:
    Route.objects.create(prefix="", link=link)
    return [
        make_message(status=Status.FAILED, due_at=None, error_code=30008, recipient=f"49157{n}")
        for n in range(3)
    ]


def test_failures_are_sent_again_once_they_are_confirmed(
    browser: Browser, failed: list[Message]
) -> None:
    delivered = failed[2]
    Message.objects.filter(pk=delivered.pk).update(direction=Direction.INBOUND, status="received")
    form = {"action": "resend", "select_across": "1", "_selected_action": [failed[0].pk]}
    asked = browser.post(f"{LIST}?status=failed", form)
    assert "Send again: 2 messages?" in asked.content.decode()
    assert "Of these 2 failed." in asked.content.decode()
    assert Message.objects.count() == 3, "only asked"
    confirm = {"ids": asked.context["ids"], "back": asked.context["back"]}
    done = browser.post(f"{LIST}resend/", confirm, follow=True)
    assert done.redirect_chain == [(f"{LIST}?status=failed", 302)]
    assert "2 messages were sent again." in done.content.decode()
    assert Message.objects.filter(resent_from__in=failed).count() == 2
    told = LogEntry.objects.filter(additional_data__did="sent again")
    assert {entry.object_repr for entry in told} == {message.sid for message in failed[:2]}
    assert {str(entry.actor) for entry in told} == {"ann"}
    again = browser.post(f"{LIST}resend/", confirm, follow=True).content.decode()
    assert "2 messages were not sent again. 1: it was sent again already" in again
    assert Message.objects.count() == 5
    nothing = browser.post(f"{LIST}?status=failed", form)
    assert "none of these can be" in nothing.content.decode(), "those that have a copy are left out"


def test_one_is_sent_again_from_its_page_which_leads_to_the_copy(
    browser: Browser, failed: list[Message]
) -> None:
    page = browser.get(f"{LIST}{failed[0].pk}/change/").content.decode()
    door = f"{LIST}resend/?ids={failed[0].pk}&amp;"
    assert door in page
    copy_url = browser.post(f"{LIST}resend/", {"ids": failed[0].pk})["location"]
    copy = Message.objects.get(resent_from=failed[0])
    assert copy_url == f"{LIST}{copy.pk}/change/"
    assert failed[0].sid in browser.get(copy_url).content.decode()
    old = browser.get(f"{LIST}{failed[0].pk}/change/").content.decode()
    assert copy.sid in old and door not in old


def test_what_waits_is_cancelled_from_its_page(browser: Browser, make_message: MakeMessage) -> None:
    message = make_message(status=Status.QUEUED)
    assert f"{LIST}cancel/" in browser.get(f"{LIST}{message.pk}/change/").content.decode()
    browser.post(f"{LIST}cancel/", {"ids": message.pk, "back": "https://elsewhere.example/"})
    message.refresh_from_db()
    assert (message.status, message.error_code) == ("failed", 30004)
    page = browser.get(f"{LIST}{message.pk}/change/").content.decode()
    assert "cancelled by staff: by ann" in page and f"{LIST}cancel/" not in page


@pytest.mark.parametrize("order", ["resend", "cancel", "repeat"])
def test_an_order_needs_its_own_right(failed: list[Message], order: str) -> None:
    Message.objects.all().update(status=Status.QUEUED)
    bob = staff()
    for method in (bob.get, bob.post):
        assert method(f"{LIST}{order}/", {"ids": failed[0].pk}).status_code == 403
    form = {"action": order, "_selected_action": [failed[0].pk]}
    bob.post(LIST, form)
    assert set(Message.objects.values_list("status", flat=True)) == {"queued"}


def test_many_are_given_in_parts(
    browser: Browser, failed: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.admin.messages.page.MOST", 2)
    form = {"action": "resend", "select_across": "1", "_selected_action": [failed[0].pk]}
    page = browser.post(LIST, form)
    assert "More than 2 fit. These are the newest 2" in page.content.decode()
    assert len(page.context["ids"].split(",")) == 2


def test_callbacks_are_repeated(browser: Browser, failed: list[Message]) -> None:
    callback = Callback.objects.create(
        message=failed[0],
        account=failed[0].account,
        event=Callback.Event.SENT,
        status=Status.FAILED,
        url="http://app.example/",
        method="POST",
        host="app.example:80",
        state=Callback.State.DELIVERED,
    )
    ids = ",".join(str(message.pk) for message in failed)
    answer = browser.post(f"{LIST}repeat/", {"ids": ids}, follow=True).content.decode()
    assert "1 message was given their callbacks again" in answer
    assert "2 messages were not given their callbacks again. 2: it has no callbacks" in answer
    callback.refresh_from_db()
    assert callback.state == Callback.State.PENDING


def test_support_sends_again_but_neither_cancels_nor_exports_nor_reads(
    failed: list[Message],
) -> None:
    user = User.objects.create_user("sue", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name="Support"))
    browser = Browser()
    browser.force_login(user)
    Message.objects.filter(pk=failed[1].pk).update(status=Status.QUEUED, body=TEXT)
    pages = [browser.get(f"{LIST}{message.pk}/change/").content.decode() for message in failed[:2]]
    assert f"{LIST}resend/" in pages[0] and f"?message={failed[0].sid}" in pages[0]
    assert f"{LIST}cancel/" not in pages[1] and TEXT not in pages[1]
    assert f"{LIST}export/" not in browser.get(LIST).content.decode()


@pytest.mark.parametrize("back", ["javascript:alert(1)", "https://elsewhere.example/", ""])
def test_a_question_leads_back_to_our_own_pages_alone(
    back: str, browser: Browser, failed: list[Message]
) -> None:
    asked = browser.get(f"{LIST}resend/", {"ids": str(failed[0].pk), "back": back})
    assert asked.context["back"] == LIST


# --- export -------------------------------------------------------------------------------


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert isinstance(answer, StreamingHttpResponse)
    content = b"".join(iter(answer)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(export, "CHUNK", 2)
    yield


def test_the_export_has_what_the_list_shows_all_of_it(
    browser: Browser, at: Any, small_chunks: None
) -> None:
    failed = [at(n, status=Status.FAILED, error_code=30008, body=TEXT) for n in (1, 2, 3, 500, 999)]
    at(4, status=Status.DELIVERED)
    rows = rows_of(browser.get(f"{LIST}export/", {"status": "failed"}))
    assert [row["sid"] for row in rows] == [message.sid for message in failed]
    assert rows[0]["error"] == "Unknown error" and rows[0]["body"] == TEXT
    entry = LogEntry.objects.get(additional_data__did="exported")
    assert (str(entry.actor), entry.changes) == ("ann", {"filters": ["None", "status=failed"]})


def test_a_row_of_the_export_costs_no_statement_of_its_own(
    browser: Browser, make_message: MakeMessage
) -> None:
    for _ in range(60):
        make_message(body=TEXT)
    with CaptureQueriesContext(connection) as asked:
        assert len(rows_of(browser.get(f"{LIST}export/"))) == 60
    assert len(asked) < 60


def test_texts_are_exported_for_those_who_may_read_them(make_message: MakeMessage) -> None:
    make_message(body=TEXT)
    (row,) = rows_of(staff("export_message").get(f"{LIST}export/"))
    assert "body" not in row and TEXT not in row.values()


def test_an_export_needs_its_own_right(make_message: MakeMessage) -> None:
    assert staff().get(f"{LIST}export/").status_code == 403


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\tx", "'\tx"),
        ("+4915739360736", "+4915739360736"),
        ("Brand 7", "Brand 7"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(cell: str, written: str) -> None:
    assert export.harmless(cell) == written


def test_the_search_box_reads_nonsense_without_stumbling(browser: Browser) -> None:
    for text in ("\x00", "*", "%", "SM", "'", "9" * 500, "é" * 200, "client:"):
        assert browser.get(LIST, {"q": text}).status_code == 200, text
    assert browser.get(LIST, {"after": "SMnone", "link": "x", "error": "y"}).status_code == 200
    for name in ("link", "error", "account__id__exact"):
        assert browser.get(LIST, {name: "9" * 40}).status_code == 200, name
    assert browser.get(f"{LIST}resend/", {"ids": "9" * 40}).status_code == 200
    assert search.wanted("", None) is search.ALL
