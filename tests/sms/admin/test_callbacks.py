"""Callbacks and failing hosts in the admin."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Account
from sms.lifecycle import Direction, Status
from sms.models import Callback, CallbackAttempt, CallbackHost
from sms.patience import OutOfTime
from tests.sms.conftest import MakeMessage

pytestmark = pytest.mark.django_db

LIST = "/admin/sms/callback/"


@pytest.fixture
def browser(db: None) -> Browser:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("ann", password="x"))
    return browser


@pytest.fixture
def owe(make_message: MakeMessage, account: Account) -> Any:
    """Owe a callback."""

    def make(**fields: Any) -> Callback:
        values = {
            "message": make_message(),
            "account": account,
            "event": Callback.Event.SENT,
            "status": Status.SENT,
            "url": "http://app.example/sms",
            "method": "POST",
            "host": "app.example:80",
        }
        return Callback.objects.create(**{**values, **fields})

    return make


def shown(browser: Browser, **query: Any) -> list[Callback]:
    rows: list[Callback] = list(browser.get(LIST, query).context["cl"].result_list)
    return rows


def test_callbacks_are_found_by_message_host_account_and_state(browser: Browser, owe: Any) -> None:
    pending = owe()
    tried = owe(attempts=2, last_answer="answered 500")
    failed = owe(host="other.example:443", state=Callback.State.FAILED)
    assert shown(browser) == [failed, tried, pending]
    assert shown(browser, q=tried.message.sid) == [tried]
    for text in ("other.example", "other.example:443"):
        assert shown(browser, q=text) == [failed]
    for text in (failed.account.sid, "demo@example.org", "Demo"):
        assert shown(browser, q=text) == [failed, tried, pending]
    assert shown(browser, q="nobody") == []
    assert shown(browser, state="failed") == [failed]
    assert shown(browser, state="retry") == [tried]
    assert shown(browser, account__id__exact=failed.account_id, state="pending") == [tried, pending]


def test_one_that_is_being_tried_now_is_still_pending(browser: Browser, owe: Any) -> None:
    claimed = owe(locked_by="w", locked_until=timezone.now() + timedelta(seconds=30))
    owe(state=Callback.State.DELIVERED)
    assert shown(browser, state="pending") == [claimed]


def test_the_list_leads_on(browser: Browser, owe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms.admin.callbacks.page.CallbackAdmin.list_per_page", 2)
    rows = [owe() for _ in range(3)]
    first = browser.get(LIST).context["cl"]
    assert list(first.result_list) == rows[:0:-1]
    assert list(browser.get(LIST + first.older_url).context["cl"].result_list) == rows[:1]


def test_a_list_that_takes_too_long_says_so(
    browser: Browser, owe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: float) -> None:
        raise OutOfTime

    monkeypatch.setattr("sms.admin.callbacks.changelist.bounded", stop)
    assert "That took too long." in browser.get(LIST).content.decode()


def test_a_page_says_where_it_stands_and_shows_every_try(browser: Browser, owe: Any) -> None:
    callback = owe(
        attempts=1, last_answer="answered 500", due_at=timezone.now() + timedelta(hours=1)
    )
    CallbackAttempt.objects.create(
        callback=callback, at=timezone.now(), status=500, error="answered 500", latency_ms=7
    )
    CallbackHost.objects.create(host=callback.host, failures=12, last_answer="answered 500")
    page = browser.get(f"{LIST}{callback.pk}/change/").content.decode()
    assert "It is still owed; 1 try so far, the last: answered 500." in page
    assert "Next try: in 59 min." in page
    assert "12 times in a row" in page and "7 ms" in page


def test_an_answer_that_may_quote_a_text_is_for_those_who_may_read_texts(
    make_message: MakeMessage, owe: Any
) -> None:
    message = make_message(direction=Direction.INBOUND, status=Status.RECEIVED, due_at=None)
    callback = owe(message=message, event=Callback.Event.INBOUND, status=Status.RECEIVED)
    CallbackAttempt.objects.create(
        callback=callback, at=timezone.now(), status=200, latency_ms=7, head="<Sms>4711</Sms>"
    )
    bob = User.objects.create_user("bob", password="x", is_staff=True)
    for right in ("view_message", "view_callback"):
        bob.user_permissions.add(Permission.objects.get(codename=right))
    browser = Browser()
    browser.force_login(bob)
    pages = [f"{LIST}{callback.pk}/change/", f"/admin/sms/message/{message.pk}/change/"]
    assert not any("4711" in browser.get(page).content.decode() for page in pages)
    bob.user_permissions.add(Permission.objects.get(codename="view_body"))
    assert all("4711" in browser.get(page).content.decode() for page in pages)


def test_one_is_made_again_from_its_page(browser: Browser, owe: Any) -> None:
    callback = owe(state=Callback.State.FAILED)
    assert browser.get(f"{LIST}{callback.pk}/repeat/").status_code == 403, "a link does nothing"
    browser.post(f"{LIST}{callback.pk}/repeat/")
    callback.refresh_from_db()
    assert callback.state == Callback.State.PENDING


def test_a_failing_host_says_who_waits_for_it(browser: Browser, owe: Any) -> None:
    callback = owe(state=Callback.State.FAILED)
    owe()
    long_ago = timezone.now() - timedelta(hours=3)
    host = CallbackHost.objects.create(host=callback.host, failures=10, opened_at=long_ago)
    url = "/admin/sms/callbackhost/"
    page = browser.get(url).content.decode()
    assert "down for 3 h" in page and "Demo" in page and ">1</a>" in page
    browser.post(url, {"action": "repeat_failed", "_selected_action": host.pk})
    callback.refresh_from_db()
    assert callback.state == Callback.State.PENDING
