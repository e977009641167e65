"""Who may open and do what in the admin; and nobody raises his own rights."""

import re
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone

from accounts.models import Account
from sms.models import Block, Link, Route
from staff import audit, rights
from staff.admin.entries import EntryList
from tests.staff.conftest import Enter

SUPPORT = {
    *("sms.message", "sms.callback", "sms.callbackhost", "sms.link", "sms.route", "sms.binding"),
    *("sms.block", "sms.optout", "accounts.account", "accounts.phonenumber", "accounts.client"),
    "auditlog.logentry",
}
STAFF = {"auth.user", "auth.group", "axes.accesslog", "axes.accessattempt"}
OPENS: dict[str, set[str]] = {
    "": set(),
    "Support": SUPPORT,
    "Operator": SUPPORT,
    "Administrator": SUPPORT | STAFF,
}
LINES = {"sms.link", "sms.route", "sms.block", "accounts.phonenumber", "accounts.client"}
ADDS: dict[str, set[str]] = {
    "": set(),
    "Support": set(),
    "Operator": LINES,
    "Administrator": {*LINES, "accounts.account", "auth.user", "auth.group"},
}


def opened(browser: Browser, view: str) -> set[str]:
    """List the models whose page of this kind opens; not drawn, which would take seconds."""
    labels = (model._meta.label_lower for model in admin.site._registry)
    user = User.objects.get(pk=browser.session["_auth_user_id"])
    return {label for label in labels if may_open(user, f"{label.replace('.', '_')}_{view}")}


def may_open(user: User, page: str) -> bool:
    """Ask a page's view, behind all of its guards."""
    request = RequestFactory().get(reverse(f"admin:{page}"))
    request.user = user
    try:
        return bool(resolve(request.path).func(request).status_code == 200)
    except PermissionDenied:
        return False


@pytest.mark.parametrize("group", OPENS)
def test_each_group_opens_the_lists_of_its_work_and_no_other(group: str, enter: Enter) -> None:
    assert opened(enter(group), "changelist") == OPENS[group]


@pytest.mark.parametrize("group", ADDS)
def test_each_group_adds_what_is_its_work(group: str, enter: Enter) -> None:
    assert opened(enter(group), "add") == ADDS[group]


def test_strangers_are_asked_to_log_in(db: None) -> None:
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        assert Browser().get(reverse(name)).status_code == 302


def test_support_sees_a_link_and_cannot_change_it(enter: Enter) -> None:
    link = Link.objects.create(name="carrier", host="a.example", password="hunter22")
    browser = enter("Support")
    page = f"/admin/sms/link/{link.pk}/change/"
    shown = browser.get(page)
    assert shown.status_code == 200
    assert "hunter22" not in shown.content.decode()
    assert browser.post(page, {"host": "evil.example"}).status_code == 403
    assert browser.post(f"/admin/sms/link/{link.pk}/delete/", {"post": "yes"}).status_code == 403


def fields(user: User, **changes: Any) -> dict[str, Any]:
    form = {"username": user.username, "is_active": "on", "email": "new@example.org"}
    return {**form, "groups": [group.pk for group in user.groups.all()], **changes}


def test_nobody_makes_himself_more(enter: Enter) -> None:
    browser = enter("Administrator")
    me = User.objects.get(username="one-Administrator")
    extra = Permission.objects.get(codename="delete_message")
    form = fields(me, is_superuser="on", user_permissions=[extra.pk])
    assert browser.post(f"/admin/auth/user/{me.pk}/change/", form).status_code == 302
    me = User.objects.get(pk=me.pk)
    assert (me.email, me.is_superuser) == ("new@example.org", False)
    assert not me.user_permissions.exists()


def test_an_administrator_makes_users_but_none_who_may_more_than_himself(enter: Enter) -> None:
    browser = enter("Administrator")
    group = Group.objects.get(name="Support")
    password = "four correct horses"
    new = {"username": "ivan", "groups": [group.pk], "password1": password, "password2": password}
    browser.post("/admin/auth/user/add/", {**new, "is_superuser": "on", "usable_password": "true"})
    ivan = User.objects.get(username="ivan")
    assert (ivan.is_staff, ivan.is_superuser) == (True, False)
    assert [group.name for group in ivan.groups.all()] == ["Support"]

    beyond = Group.objects.create(name="Beyond")
    beyond.permissions.add(Permission.objects.get(codename="delete_message"))
    page = f"/admin/auth/user/{ivan.pk}/change/"
    answer = browser.post(page, fields(ivan, groups=[beyond.pk]))
    assert "is not one of the available choices" in answer.content.decode()
    assert browser.post(f"/admin/auth/group/{beyond.pk}/delete/", {}).status_code == 403


def test_an_administrator_gets_no_hold_of_a_superuser(enter: Enter) -> None:
    browser = enter("Administrator")
    root = User.objects.create_superuser("root", password="x")
    base = f"/admin/auth/user/{root.pk}"
    new = {"password1": "four correct horses", "password2": "four correct horses"}
    assert browser.post(f"{base}/password/", new).status_code == 403
    assert browser.post(f"{base}/change/", fields(root)).status_code == 403
    assert browser.post(f"{base}/delete/", {"post": "yes"}).status_code == 403


def test_who_is_set_inactive_is_out_at_once(enter: Enter) -> None:
    browser, root = enter("Support"), enter("root")
    user = User.objects.get(username="one-Support")
    form = fields(user)
    del form["is_active"]
    root.post(f"/admin/auth/user/{user.pk}/change/", form)
    assert browser.get("/admin/sms/message/").status_code == 302


def test_history_of_a_route_says_who_changed_what_from_where(enter: Enter) -> None:
    link = Link.objects.create(name="carrier", host="a.example")
    route = Route.objects.create(prefix="49", link=link)
    with audit.acting(lambda: audit.Actor("maria", address="192.0.2.7")):
        route.priority = 7
        route.save()
    browser = enter("Support")
    page = browser.get(f"/admin/sms/route/{route.pk}/history/", follow=True)
    text = page.content.decode()
    assert "History of" in text and "maria" in text and "192.0.2.7" in text
    assert "Priority</strong>: 100 → 7" in text
    nonsense = "?object_pk__exact=1&content_type__id__exact=x"
    assert browser.get(f"/admin/auditlog/logentry/{nonsense}").status_code < 500


def test_a_change_on_a_page_names_its_user_and_address(enter: Enter) -> None:
    group = Group.objects.create(name="Interns")
    page = f"/admin/auth/group/{group.pk}/change/"
    enter("root").post(page, {"name": "Trainees"}, REMOTE_ADDR="192.0.2.9")
    entry = LogEntry.objects.filter(changes__has_key="name").latest("pk")
    assert entry.changes["name"] == ["Interns", "Trainees"]
    assert (entry.actor.username, entry.remote_addr) == ("one-root", "192.0.2.9")


def test_entries_are_read_by_who_may_see_the_row_and_changed_by_nobody(
    enter: Enter, account: Account
) -> None:
    of_user = LogEntry.objects.filter(content_type__model="user")
    support, root = enter("Support"), enter("root")
    pk = of_user.latest("pk").pk
    about_account = LogEntry.objects.get(content_type__model="account").pk
    page = "/admin/auditlog/logentry/{}/change/"
    assert support.get(page.format(about_account)).status_code == 200
    assert support.get(page.format(pk)).status_code == 302, "it is not there for them"
    assert root.get(page.format(pk)).status_code == 200
    assert root.post(page.format(pk), {}).status_code == 403
    assert root.post(f"/admin/auditlog/logentry/{pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_in_no_group_gets_nothing_out_of_any_page(method: str, enter: Enter) -> None:
    enter("")
    user = User.objects.get(username="one-")
    pages = [
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/{_path(pattern)}"
        for model, page in admin.site._registry.items()
        for pattern in page.get_urls()
        if pattern.name and not pattern.name.endswith("_history")  # leads on to the audit log
    ]
    assert len(pages) > 60
    assert lets_in(User.objects.create_superuser("root"), "get", "/admin/sms/link/")
    assert [page for page in pages if lets_in(user, method, page)] == []


def _path(pattern: Any) -> str:
    return re.sub("<[^>]*>", "1", str(pattern.pattern)).removeprefix("^").removesuffix("$")


def lets_in(user: User, method: str, path: str) -> bool:
    """Say whether a page does what it is asked."""
    request = getattr(RequestFactory(), method)(path)
    request.user = user
    request._dont_enforce_csrf_checks = True
    request._messages = CookieStorage(request)
    found = resolve(path)
    try:
        answer = found.func(request, *found.args, **found.kwargs)
    except (PermissionDenied, Http404):
        return False
    return bool(answer.status_code < 400)


def test_the_audit_log_is_searched_by_kind(enter: Enter, db: None) -> None:
    Block.objects.create(digits="4915112345678")
    page = enter("root").get("/admin/auditlog/logentry/", {"q": "block"}).content.decode()
    assert "4915112345678" in page


def test_a_search_of_the_audit_log_says_how_far_back_it_went_and_leads_on(
    enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EntryList, "most_searched", 2)
    browser = enter("root")
    for number in range(3):
        Block.objects.create(digits=f"4915112345{number}")
    oldest = LogEntry.objects.filter(object_repr__contains="49151123450")
    oldest.update(timestamp=timezone.now() - timedelta(days=1))
    path = "/admin/auditlog/logentry/"
    page = browser.get(path, {"q": "block 49151"})
    text = page.content.decode()
    assert "Searched back to" in text and "the newest 2 " in text
    assert "49151123451" in text and "49151123450" not in text
    page.context["cl"].searched_back_to -= timedelta(hours=12)
    further = browser.get(path + page.context["cl"].further_url).content.decode()
    assert "49151123450" in further and "49151123451" not in further
    assert "Searched back to" not in further + browser.get(path).content.decode()
    none = browser.get(path, {"q": "nobody"}).content.decode()
    assert "was not looked at" in none and "No row of this list fits" not in none
    monkeypatch.undo()
    assert "No row of this list fits" in browser.get(path, {"q": "nobody"}).content.decode()


@pytest.mark.parametrize(
    ("column", "label"), [("circuit_open_s", "Open for, in seconds"), ("enabled", "Enabled")]
)
def test_the_audit_log_calls_a_field_as_its_form_does(
    enter: Enter, column: str, label: str
) -> None:
    link = Link.objects.create(name="carrier", host="a.example")
    setattr(link, column, 0)
    link.save()
    browser = enter("root")
    page = browser.get("/admin/auditlog/logentry/", {"q": "carrier"}).content.decode()
    assert f"<strong>{label}</strong>: " in page
    assert label in browser.get(f"/admin/sms/link/{link.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("axes/accesslog/", ("Staff", "Log-ins")),
        ("sms/binding/", ("Network", "Registered clients")),
        ("sms/route/try/", ("Network", "Try a number")),
        ("accounts/account/add/", ("Customers", "Accounts", "New in Accounts")),
    ],
)
def test_a_page_is_called_as_in_the_side_bar(
    enter: Enter, page: str, told: tuple[str, ...]
) -> None:
    shown = enter("Administrator").get(f"/admin/{page}").content.decode()
    assert tuple(re.findall(r'class="crumb[ "][^>]*>([^<]+)<', shown))[::2] == told


def test_a_rights_name_says_the_page_that_it_is_for(db: None) -> None:
    told = {rights.words(right) for right in Permission.objects.select_related("content_type")}
    assert {
        "Failed log-ins: let people in again who guessed too often",
        "Messages: cancel messages that wait",
    } <= told
    assert not any("|" in words or "Can " in words for words in told)


def test_a_search_of_the_audit_log_is_paged(enter: Enter, db: None) -> None:
    for n in range(70):
        Block.objects.create(digits=f"4915{n:03}")
    browser = enter("Administrator")
    first, second = (
        browser.get("/admin/auditlog/logentry/", {"q": "4915", "p": page}).context["cl"]
        for page in ("1", "2")
    )
    assert (first.result_count, len(first.result_list), len(second.result_list)) == (70, 50, 20)
    assert first.result_list[0].object_repr == "4915069"
