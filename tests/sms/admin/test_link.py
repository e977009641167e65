"""Operators' orders to links, and their settings, through the admin."""

import re
import socket
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.admin.utils import flatten
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.forms.models import model_to_dict
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sms import slots, trials
from sms.admin.links import live
from sms.admin.links.form import FIELDSETS, LinkForm
from sms.admin.links.words import FIELDS
from sms.lifecycle import LinkState
from sms.models import ConnectionTest, Health, Link
from tests.sms.conftest import MakeMessage

pytestmark = pytest.mark.django_db

LIST = "/admin/sms/link/"
NO_ROWS = {f"routes-{count}_FORMS": 0 for count in ("TOTAL", "INITIAL")}


@pytest.fixture
def browser(db: None) -> Browser:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("staff", password="x"))
    return browser


def give(browser: Browser, link: Link, order: str, **more: str) -> str:
    """Choose an action in the list of links; return the page that follows."""
    form = {"action": order, "_selected_action": link.pk, "confirmed": "1", **more}
    return browser.post(LIST, form, follow=True).content.decode()


def form_of(link: Link) -> dict[str, Any]:
    """What the page of a link posts when nothing was changed."""
    old = {name: value for name, value in model_to_dict(link).items() if value is not None}
    for secret in ("password", "tls_key"):
        old.pop(secret)
    for table in ("status_overrides", "err_overrides", "network_error_codes"):
        old[table] = "{}"
    return {**old, **NO_ROWS}


def change(browser: Browser, link: Link, **columns: Any) -> str:
    form = {**form_of(link), **columns}
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


@pytest.mark.parametrize("table", ["status_overrides", "err_overrides", "network_error_codes"])
@pytest.mark.parametrize(
    ("text", "is_taken"),
    [("", True), ("null", True), ('""', True), ("{}", True), ("[]", False), ("false", False)],
)
def test_a_table_is_an_object_or_empty(
    browser: Browser, link: Link, table: str, text: str, is_taken: bool
) -> None:
    """A link whose table is none would open no more."""
    page = change(browser, link, window_size=77, **{table: text})
    assert ("This must be a JSON object" in page) is not is_taken
    link.refresh_from_db()
    assert getattr(link, table) == {}
    assert (link.window_size == 77) is is_taken


def test_the_list_tells_the_truth_about_each_link(browser: Browser, link: Link) -> None:
    def state() -> str:
        cell = f'<div data-live-id="state-{link.pk}">'
        shown = browser.get(LIST).content.decode().split(cell)[1].split("</td>")[0]
        later = browser.get(f"{LIST}live/").content.decode().split(cell)[1]
        assert later.startswith(shown.rstrip()), "what the page asks for later says something else"
        return " ".join(re.sub("<[^>]*>", " ", shown).split())

    assert state() == "no worker manage.py run link.carrier starts one"
    slot = slots.take(link_id=link.id, owner="a", binds=1)
    slots.take(link_id=link.id, owner="b", binds=1)
    slots.tell(slot, owner="a", state=LinkState.UP, detail="bound to acme")
    assert state() == "up bound to acme (1 standing by)"
    Link.objects.update(binds=2)
    slots.tell(slot, owner="a", state=LinkState.PAUSED, detail="bound to acme")
    assert state().startswith("0 of 2 up paused: bound to acme; standing by")
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


def test_what_interrupts_is_asked_about_first(browser: Browser, link: Link) -> None:
    slots.take(link_id=link.id, owner="a", binds=1)
    form = {"action": "drain", "_selected_action": link.pk}
    page = browser.post(LIST, form).content.decode()
    assert "Drain carrier?" in page and "stays away until it is resumed" in page
    link.refresh_from_db()
    assert link.mode == "run"
    browser.post(LIST, {**form, "confirmed": "1"})
    link.refresh_from_db()
    assert link.mode == "drain"
    browser.post(LIST, {**form, "action": "resume"})
    link.refresh_from_db()
    assert link.mode == "run"


def test_a_links_page_gives_the_orders_that_change_something(browser: Browser, link: Link) -> None:
    def offered() -> list[str]:
        page = browser.get(f"{LIST}{link.pk}/change/").content.decode()
        return re.findall(r'name="order" value="(\w+)"', page)

    assert offered() == ["pause", "drain", "rebind", "disable"]
    order = f"{LIST}{link.pk}/order/"
    assert "Pause carrier?" in browser.post(order, {"order": "pause"}).content.decode()
    browser.post(order, {"order": "pause", "confirmed": "1"})
    assert offered() == ["resume", "drain", "rebind", "disable"]
    browser.post(order, {"order": "disable", "confirmed": "1"})
    assert offered() == ["enable"]
    orders = LogEntry.objects.filter(object_pk=str(link.pk), additional_data__isnull=False)
    done = [(entry.additional_data or {}).get("did") for entry in orders.order_by("id")]
    assert done == ["paused", "disabled"]
    assert browser.get(order).status_code == 405
    assert browser.post(order, {"order": "explode"}).status_code == 404


def test_a_links_page_tells_how_busy_each_connection_is_and_what_was_refused(
    browser: Browser, link: Link, make_message: MakeMessage
) -> None:
    page = browser.get(f"{LIST}{link.pk}/change/").content.decode()
    assert "No worker runs for this link" in page and "manage.py run link.carrier" in page
    slot = slots.take(link_id=link.id, owner="a", binds=1)
    slots.tell(slot, owner="a", state=LinkState.UP, detail="bound to acme")
    at = timezone.now().isoformat()
    load = slots.Load(7, 12.5, [{"words": "ESME_RTHROTTLED (0x58)", "times": 3, "at": at}])
    slots.renew(slot, owner="a", load=load)
    Health.objects.create(link=link, circuit="open", reason="10 errors in a row", oldest_due_s=9)
    make_message()
    page = browser.get(f"{LIST}{link.pk}/live/").content.decode()
    words = " ".join(re.sub("<[^>]*>", " ", page).split())
    assert "No worker" not in words
    for told in (
        *("Connection 1 up bound to acme since", "12.5 answers a second", "window: 7 of 10 in"),
        *("1 message waits, the first has been due for 9 s", "Circuit open: 10 errors in a row"),
        *("3× ESME_RTHROTTLED (0x58)", socket.gethostname()),
    ):
        assert told in words, told


def test_the_form_says_what_would_be_cut_and_what_is_rarely_meant(
    browser: Browser, link: Link
) -> None:
    page = change(browser, link, password="123456789", status_overrides='{"0x58": {}}', port=70000)
    for told in (
        *("At most 8 characters: these are 9.", "0x58 needs a code"),
        "At most 65535.",
    ):
        assert told in page
    page = change(browser, link, err_overrides="{'011': 30003}", tls="on", tls_cert="x")
    assert "keys in double quotes" in page and "cannot be read as PEM" in page
    page = change(browser, link, window_size=1, max_tps=100, enquire_link_s=5, tls="on")
    assert "asks for answers within 10 ms" in page and "ask less often than that" in page


def test_every_setting_is_explained_and_stands_in_a_section() -> None:
    shown = [name for _, options in FIELDSETS for name in flatten(options["fields"])]
    assert sorted(shown) == sorted(FIELDS) == sorted(LinkForm().fields)


def test_the_values_of_a_form_are_tried_without_being_saved(browser: Browser, link: Link) -> None:
    Link.objects.update(password="secret")
    columns = {**form_of(link), "system_id": "other"}
    page = browser.post(f"{LIST}{link.pk}/test/", columns, follow=True).content.decode()
    test = ConnectionTest.objects.get()
    tried = trials.read(test)
    assert (tried.system_id, tried.password, tried.name) == ("other", "secret", "carrier")
    assert (test.link, test.is_unsaved, test.asked_by) == (link, True, "staff")
    assert "the form&#x27;s values, which are not saved" in page or "form's values" in page
    entry = LogEntry.objects.get(additional_data__did="tested the connection")
    assert entry.changes["host"] == ["", "127.0.0.1"] and entry.changes["system_id"][1] == "other"
    assert "secret" not in str(entry.changes)
    assert Link.objects.get().system_id == ""
    page = browser.post(f"{LIST}{link.pk}/test/", {**columns, "port": "0"}).content.decode()
    assert "The form has mistakes" in page and ConnectionTest.objects.count() == 1


def test_a_new_link_is_tried_before_there_is_one(browser: Browser, link: Link) -> None:
    columns = {**form_of(link), "name": "fresh"}
    browser.post(f"{LIST}add/test/", columns)
    assert trials.read(ConnectionTest.objects.get(link=None)).name == "fresh"
    assert not Link.objects.filter(name="fresh").exists()


def test_the_page_of_a_test_follows_it_and_says_how_it_ended(browser: Browser, link: Link) -> None:
    slot = slots.take(link_id=link.id, owner="a", binds=1)
    slots.tell(slot, owner="a", state=LinkState.UP, detail="bound")
    test = trials.ask(link, by="staff")
    url = f"{LIST}test/{test.pk}/"
    page = browser.get(url).content.decode()
    assert "data-live-url" in page and "carrier itself is connected already" in page
    ConnectionTest.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    assert "manage.py run housekeeping" in browser.get(url).content.decode()
    words = "bind refused: ESME_RINVPASWD (0x0000000E): the password is wrong"
    ConnectionTest.objects.update(state="refused", words=words, took_ms=12, host="here")
    page = browser.get(url).content.decode()
    assert f"B{words[1:]}" in page and "After 12 ms, from here" in page
    assert "data-live-every" not in page


def test_who_may_not_operate_tests_no_connection_and_reads_no_secret(link: Link) -> None:
    Link.objects.update(password="s3cret", tls_cert="x", tls_key="PRIVATE KEY")
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_link"))
    browser = Browser()
    browser.force_login(viewer)
    page = browser.get(f"{LIST}{link.pk}/change/").content.decode()
    assert "s3cret" not in page and "PRIVATE" not in page
    assert "Sheets call it login, account or" in page  # it is explained all the same
    assert "formaction" not in page and 'name="order"' not in page
    assert browser.post(f"{LIST}{link.pk}/test/").status_code == 403
    assert browser.post(f"{LIST}{link.pk}/order/", {"order": "resume"}).status_code == 403


def test_who_operates_without_changing_tests_what_is_stored(link: Link) -> None:
    operator = User.objects.create_user("night", password="x", is_staff=True)
    operator.user_permissions.add(
        *Permission.objects.filter(codename__in=("view_link", "operate_link"))
    )
    browser = Browser()
    browser.force_login(operator)
    assert (
        f'action="{LIST}{link.pk}/test/"'
        in browser.get(f"{LIST}{link.pk}/change/").content.decode()
    )
    browser.post(f"{LIST}{link.pk}/test/")
    assert not ConnectionTest.objects.get().is_unsaved


def test_a_long_queue_is_counted_so_far_as_anybody_wants_to_know(
    browser: Browser, link: Link, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "COUNTED", 1)
    for _ in range(3):
        make_message()
    (counted,) = live.links()
    assert live.standing(counted).waiting == 2
    assert "more than 1 messages wait" in browser.get(f"{LIST}live/").content.decode()
