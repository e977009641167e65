"""Conformance cases 17 to 31: who may do what."""

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Account, PhoneNumber
from sms.models import Message
from tests.conftest import basic, caller
from tests.sms.api.conftest import FORM, GOOD, Desk, MakeMessage, path


@pytest.fixture
def family(account: Account) -> dict[str, Account]:
    """Four generations, a sibling and a stranger; each has a number of its own."""
    people = {"parent": account}
    for name, above in [
        ("child", "parent"),
        ("sibling", "parent"),
        ("grandchild", "child"),
        ("great-grandchild", "grandchild"),
        ("stranger", None),
    ]:
        parent = people[above] if above else None
        people[name] = Account.objects.create(friendly_name=name, parent=parent)
    for n, person in enumerate(people.values()):
        PhoneNumber.objects.create(account=person, number=f"1555000000{n}")
    return people


def number_of(account: Account) -> str:
    return PhoneNumber.objects.get(account=account).number


def test_no_credentials_are_a_401_with_realm_and_body(account: Account) -> None:
    response = Browser().get(path(account))
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Basic realm="Restcomm realm"'
    assert response.json()["message"]
    assert response.json()["status"] == 401


@pytest.mark.parametrize("tail", ["/Nothing.json", "/Accounts/AC1/SMS/Messages.json"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_stranger_learns_of_nothing_but_the_401(db: None, tail: str, accept: str) -> None:
    response = Browser().get(f"/api/2012-04-24{tail}", headers={"accept": accept})
    assert response.status_code == 401
    assert response.json()["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_every_method_asks_for_credentials_first(account: Account, method: str) -> None:
    response = Browser().generic(method, path(account), "{}", content_type="application/json")
    assert response.status_code == 401


@pytest.mark.parametrize("status", ["suspended", "closed"])
@pytest.mark.parametrize("tail", [".json", "/SM1.json"])
def test_inactive_account_is_refused(account: Account, status: str, tail: str) -> None:
    Account.objects.update(status=status)
    response = caller(account).get(path(account, tail))
    assert response.status_code == 403
    assert response.json() == {
        "message": "Provided Account is not active",
        "error": "ACCOUNT_NOT_ACTIVE",
        "code": 30002,
        "status": 403,
    }


ALLOWED = [
    ("parent", "parent"),
    ("parent", "child"),
    ("parent", "grandchild"),
    ("child", "grandchild"),
    ("child", "great-grandchild"),
]
REFUSED = [
    ("child", "parent"),
    ("grandchild", "parent"),
    ("grandchild", "child"),
    ("sibling", "child"),
    ("sibling", "grandchild"),
    ("stranger", "parent"),
    ("parent", "stranger"),
]


@pytest.mark.parametrize(("who", "whose"), ALLOWED)
def test_account_reads_and_sends_as_those_below_it(
    family: dict[str, Account], who: str, whose: str
) -> None:
    desk = Desk(family[who], of=family[whose])
    sent = desk.send(From=number_of(family[whose]))
    assert (sent.status_code, sent.json()["account_sid"]) == (200, family[whose].sid)
    assert desk.one(sent.json()["sid"]).status_code == 200
    assert desk.list().json()["total"] == 1


@pytest.mark.parametrize(("who", "whose"), REFUSED)
def test_account_does_not_reach_beside_or_above_it(
    family: dict[str, Account], make_message: MakeMessage, who: str, whose: str
) -> None:
    message = make_message(account=family[whose])
    desk = Desk(family[who], of=family[whose])
    answers = [desk.send(From=number_of(family[whose])), desk.one(message.sid), desk.list()]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert all(answer.json()["message"] for answer in answers)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("name", ["AC" + "0" * 32, "AC1", "nobody@example.org", "%00", "a%00@b"])
def test_unknown_account_is_not_found(api: Browser, name: str) -> None:
    url = f"/api/2012-04-24/Accounts/{name}/SMS/Messages.json"
    answers = [api.get(url), api.post(url, "From=1", content_type=FORM)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["message"]


def test_unknown_account_is_not_remembered(account: Account, api: Browser) -> None:
    sid = "AC" + "a" * 32
    url = f"/api/2012-04-24/Accounts/{sid}/SMS/Messages.json"
    assert api.get(url).status_code == 404
    Account.objects.create(sid=sid, friendly_name="Late", parent=account)
    assert api.get(url).status_code == 200


def test_sub_account_may_be_named_by_its_address(family: dict[str, Account]) -> None:
    Account.objects.filter(pk=family["child"].pk).update(email="child@example.org")
    url = "/api/2012-04-24/Accounts/Child%40example.org/SMS/Messages.json"
    response = caller(family["parent"]).get(url)
    assert response.json()["uri"] == path(family["child"], "")


def test_parent_may_read_but_not_send_as_a_suspended_child(family: dict[str, Account]) -> None:
    child = family["child"]
    Account.objects.filter(pk=child.pk).update(status="suspended")
    desk = Desk(family["parent"], of=child)
    sent = desk.send(From=number_of(child))
    assert desk.list().status_code == 200
    assert (sent.status_code, sent.json()["error"]) == (403, "ACCOUNT_NOT_ACTIVE")
    assert sent.json()["code"] == 30002
    assert not Message.objects.exists()


def test_developer_reads_and_does_not_send(
    account: Account, number: PhoneNumber, desk: Desk
) -> None:
    Account.objects.update(role=Account.Role.DEVELOPER)
    sent = desk.send()
    assert (sent.status_code, desk.list().status_code) == (403, 200)
    assert sent.json()["message"]
    assert not Message.objects.exists()


def foreign(family: dict[str, Account], make_message: MakeMessage) -> list[str]:
    """List sids that are somebody else's, nobody's, and none at all."""
    others = [make_message(account=family[name]).sid for name in ("child", "stranger")]
    return [*others, "SM" + "0" * 32, "SM1", "%00", "x" * 34, "x" * 3000]


def test_foreign_message_looks_like_one_that_does_not_exist(
    family: dict[str, Account], make_message: MakeMessage
) -> None:
    desk = Desk(family["parent"])
    answers: list[Any] = [desk.one(sid) for sid in foreign(family, make_message)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_after_sid_of_a_foreign_message_is_ignored(
    family: dict[str, Account], make_message: MakeMessage
) -> None:
    mine = make_message()
    desk = Desk(family["parent"])
    for sid in foreign(family, make_message):
        assert [m["sid"] for m in desk.list(f"AfterSid={sid}").json()["messages"]] == [mine.sid]


def test_list_includes_sub_accounts_on_request(
    family: dict[str, Account], make_message: MakeMessage
) -> None:
    for name in ("parent", "child", "grandchild", "stranger"):
        make_message(account=family[name])
    desk = Desk(family["parent"])
    assert desk.list().json()["total"] == 1
    assert desk.list(SubAccounts="false").json()["total"] == 1
    listed = desk.list(SubAccounts="TRUE").json()
    assert listed["total"] == 3
    assert [message["account_sid"] for message in listed["messages"]] == [
        family[name].sid for name in ("grandchild", "child", "parent")
    ]
    assert "SubAccounts=TRUE" in listed["first_page_uri"]


def test_list_of_sub_accounts_is_paged_by_row(
    family: dict[str, Account], make_message: MakeMessage
) -> None:
    sids = [make_message(account=family[name]).sid for name in ("parent", "child", "grandchild")]
    desk = Desk(family["parent"])
    page = desk.list(SubAccounts="true", PageSize=1, Page=1, AfterSid=sids[2]).json()
    assert [message["sid"] for message in page["messages"]] == [sids[1]]


def test_number_of_the_parent_is_not_the_childs(family: dict[str, Account]) -> None:
    sent = Desk(family["parent"], of=family["child"]).send(From=number_of(family["parent"]))
    assert sent.json()["error"] == "FROM_NOT_SMS_ENABLED"


def test_scheme_is_read_in_any_case(account: Account) -> None:
    header = basic(account.sid, account.auth_token)
    for scheme in ("Basic", "basic", "BASIC"):
        browser = Browser(headers={"authorization": header.replace("Basic", scheme)})
        assert browser.get(path(account)).status_code == 200


def test_credentials_of_a_good_post_are_forgotten_with_the_cache(
    account: Account, number: PhoneNumber, desk: Desk, settings: Any
) -> None:
    settings.CACHE_SECONDS = 0
    assert desk.send().status_code == 200
    Account.objects.update(status="suspended")
    assert (desk.send().status_code, GOOD["From"]) == (403, number.number)
