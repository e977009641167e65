"""Clients over REST, as RestComm's SDKs ask for them."""

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.test import Client as Browser

from accounts.models import Account, Client, PhoneNumber
from tests.conftest import caller
from tests.sms.api.conftest import FORM, PREFIXES, Desk

PASSWORD = "correct horse battery staple"
KEYS = [
    *("sid", "date_created", "date_updated", "account_sid", "api_version", "friendly_name"),
    *("login", "status", "voice_url", "voice_method", "voice_fallback_url"),
    *("voice_fallback_method", "voice_application_sid", "uri", "push_client_identity"),
]


def url(account: Account, tail: str = ".json", *, prefix: str = PREFIXES[0]) -> str:
    return f"{prefix}/Accounts/{account.sid}/Clients{tail}"


def post(
    browser: Browser, account: Account, tail: str = ".json", method: str = "POST", **fields: Any
) -> Any:
    return browser.generic(method, url(account, tail), urlencode(fields), content_type=FORM)


def test_client_is_made_and_its_password_told_to_nobody(account: Account, api: Browser) -> None:
    made = post(api, account, Login="bob", Password=PASSWORD, VoiceUrl="x")
    assert made.status_code == 200 and list(made.json()) == KEYS
    stored = Client.objects.get()
    assert (stored.account, stored.login, stored.password) == (account, "bob", PASSWORD)
    shown = made.json()
    assert (shown["sid"], shown["account_sid"]) == (stored.sid, account.sid)
    assert (shown["login"], shown["friendly_name"], shown["status"]) == ("bob", "bob", "1")
    assert shown["uri"] == url(account, f"/{stored.sid}.json")
    answers = [made, api.get(url(account)), api.get(shown["uri"])]
    answers += [post(api, account, f"/{stored.sid}", Password="another horse")]
    answers += [api.get(url(account, "", prefix=PREFIXES[1]))]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert not [answer for answer in answers if b"assword" in answer.content]
    assert not [answer for answer in answers if b"horse" in answer.content]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("shape", [".json", ".json/"])
def test_list_is_a_bare_array_oldest_first(
    account: Account, api: Browser, client_alice: Client, prefix: str, shape: str
) -> None:
    stranger = Account.objects.create(friendly_name="Stranger")
    Client.objects.create(account=stranger, login="eve", password=PASSWORD)
    Client.objects.create(account=account, login="aaron", password=PASSWORD)
    listed = api.get(url(account, shape, prefix=prefix), content_type=FORM).json()
    assert [shown["login"] for shown in listed] == ["alice", "aaron"]
    assert api.get(url(account, f".json/{client_alice.sid}", prefix=prefix)).json() == listed[0]


def test_empty_list_is_an_empty_array(account: Account, api: Browser) -> None:
    assert api.get(url(account)).json() == []


def test_xml_is_restcomms(account: Account, api: Browser, client_alice: Client) -> None:
    response = api.get(url(account, "", prefix=PREFIXES[1]))
    (listed,) = ElementTree.fromstring(response.content)  # noqa: S314  # our own answer
    assert (listed.tag, [shown.tag for shown in listed]) == ("Clients", ["Client"])
    assert listed.findtext("Client/Login") == "alice"
    assert listed.findtext("Client/Uri") == url(account, f"/{client_alice.sid}")
    assert listed.find("Client/VoiceUrl") is None


@pytest.mark.parametrize("login", ["alice", "ALICE"])
def test_own_login_is_shown_again_and_not_changed(
    account: Account, api: Browser, client_alice: Client, login: str
) -> None:
    again = post(api, account, Login=login, Password="x", FriendlyName="New")
    assert (again.status_code, again.json()["sid"]) == (200, client_alice.sid)
    stored = Client.objects.get()
    assert (stored.password, stored.friendly_name) == ("secret", "")


def test_login_of_another_account_is_a_conflict(account: Account, client_alice: Client) -> None:
    stranger = Account.objects.create(friendly_name="Stranger")
    refused = post(caller(stranger), stranger, Login="Alice", Password=PASSWORD)
    assert refused.status_code == 409
    assert refused.json()["message"].startswith("A client with the same name was already created")
    assert Client.objects.get() == client_alice


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Login can not be null."),
        ({"Login": "", "Password": PASSWORD}, "Login can not be empty."),
        ({"Login": "bob"}, "Password can not be null."),
        ({"Login": "bob", "Password": "short"}, "Password too weak"),
        ({"Login": "bob", "Password": "x\x00" * 9}, "Password can not contain NUL characters."),
        ({"Login": "bob", "Password": PASSWORD, "Status": "2"}, "Status must be one of 1, 0."),
    ],
)
def test_what_cannot_be_is_refused(
    account: Account, api: Browser, fields: dict[str, str], message: str
) -> None:
    refused = post(api, account, **fields)
    assert (refused.status_code, refused.json()["message"]) == (400, message)
    assert not Client.objects.exists()


@pytest.mark.parametrize("login", ["a?b", "a=b", "a@b", "a b", "a:b", "a<b", "a\nb", "x" * 65])
def test_login_that_is_no_sip_user_is_refused(account: Account, api: Browser, login: str) -> None:
    refused = post(api, account, Login=login, Password=PASSWORD)
    assert refused.status_code == 400 and refused.json()["message"].startswith("Login: ")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_client_is_changed_by_post_or_put(
    account: Account, api: Browser, client_alice: Client, method: str
) -> None:
    fields = {"FriendlyName": "Al", "Password": PASSWORD, "Status": "0", "Login": "ignored"}
    changed = post(api, account, f".json/{client_alice.sid}", method, **fields)
    assert (changed.json()["friendly_name"], changed.json()["status"]) == ("Al", "0")
    stored = Client.objects.get()
    assert (stored.login, stored.password, stored.enabled) == ("alice", PASSWORD, False)


@pytest.mark.parametrize("fields", [{"Password": "short"}, {"Status": "x"}])
def test_change_that_cannot_be_changes_nothing(
    account: Account, api: Browser, client_alice: Client, fields: dict[str, str]
) -> None:
    refused = post(api, account, f"/{client_alice.sid}", FriendlyName="New", **fields)
    stored = Client.objects.get()
    assert (refused.status_code, stored.friendly_name, stored.password) == (400, "", "secret")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_deleted_client_answers_an_object_and_then_is_gone(
    account: Account, api: Browser, client_alice: Client, prefix: str
) -> None:
    path = url(account, f".json/{client_alice.sid}", prefix=prefix)
    first, second = api.delete(path), api.delete(path)
    assert (first.status_code, first.json(), second.status_code) == (200, {}, 404)
    assert second.json()["message"]
    assert not Client.objects.exists()


def test_deletion_answers_xml_to_who_reads_xml(
    account: Account, api: Browser, client_alice: Client
) -> None:
    response = api.delete(url(account, f"/{client_alice.sid}", prefix=PREFIXES[1]))
    assert response.content == b"<RestcommResponse></RestcommResponse>"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("sid", ["CL" + "0" * 32, "CL1", "%00", "foreign"])
def test_unknown_or_foreign_client_is_not_found(
    account: Account, api: Browser, method: str, sid: str
) -> None:
    child = Account.objects.create(friendly_name="Child", parent=account)
    foreign = Client.objects.create(account=child, login="eve", password=PASSWORD)
    tail = f".json/{foreign.sid if sid == 'foreign' else sid}"
    missing = post(api, account, tail, method, FriendlyName="x")
    assert missing.status_code == 404 and missing.json()["message"]
    assert Client.objects.get().friendly_name == ""


def test_parent_manages_its_childs_clients_and_nobody_elses(account: Account) -> None:
    child = Account.objects.create(friendly_name="Child", parent=account)
    assert post(caller(account), child, Login="bob", Password=PASSWORD).status_code == 200
    assert Client.objects.get().account == child
    for method in ("GET", "POST"):
        assert post(caller(child), account, ".json", method).status_code == 403


def test_developer_reads_only(account: Account, api: Browser, client_alice: Client) -> None:
    Account.objects.update(role="Developer")
    tail = f"/{client_alice.sid}.json"
    statuses = [post(api, account, tail, m).status_code for m in ("GET", "POST", "PUT", "DELETE")]
    assert statuses == [200, 403, 403, 403]
    assert post(api, account, Login="bob", Password=PASSWORD).status_code == 403
    assert Client.objects.get() == client_alice


@pytest.mark.django_db(transaction=True)
def test_removed_client_sends_nothing_more(
    account: Account, number: PhoneNumber, client_alice: Client
) -> None:
    desk = Desk(account)
    assert desk.send(From="client:alice").status_code == 200
    caller(account).delete(url(account, f"/{client_alice.sid}.json"))
    assert desk.send(From="client:alice").status_code == 400
