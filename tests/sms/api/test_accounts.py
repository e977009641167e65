"""Accounts over REST: who sees which, how they are made, and how they end."""

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.test import Client as Browser

from accounts.models import Account, Client, PhoneNumber
from sms.models import Message
from tests.conftest import basic, caller, opens
from tests.sms.api.conftest import FORM, PREFIXES, Desk, MakeMessage

BASE = PREFIXES[0]
PASSWORD = "correct horse battery staple"
NEW = {"EmailAddress": "shop@example.org", "Password": PASSWORD}
KEYS = [
    *("sid", "organization", "friendly_name", "email_address", "type", "status", "role"),
    *("date_created", "date_updated", "auth_token", "uri", "subresource_uris"),
]


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def post(browser: Browser, tail: str = "", method: str = "POST", **fields: Any) -> Any:
    return browser.generic(
        method, f"{BASE}/Accounts.json{tail}", urlencode(fields), content_type=FORM
    )


@pytest.fixture
def child(account: Account) -> Account:
    return Account.objects.create(friendly_name="Child", parent=account, email="me@example.org")


@pytest.fixture
def grandchild(child: Account) -> Account:
    return Account.objects.create(friendly_name="Grandchild", parent=child)


# --- reading ------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("shape", ["/Accounts.json/{}", "/Accounts/{}.json", "/Accounts/{}.json/"])
def test_account_shows_itself_wherever_the_suffix_is(
    account: Account, api: Browser, prefix: str, shape: str
) -> None:
    shown = api.get(prefix + shape.format(account.sid)).json()
    assert list(shown) == KEYS
    assert (shown["sid"], shown["email_address"]) == (account.sid, "demo@example.org")
    assert (shown["friendly_name"], shown["type"]) == ("Demo", "Full")
    assert (shown["status"], shown["role"]) == ("active", "Administrator")
    assert shown["auth_token"] == account.auth_token
    assert shown["uri"] == f"{BASE}/Accounts.json/{account.sid}"
    messages = f"{BASE}/Accounts/{account.sid}/SMS/Messages.json"
    assert shown["subresource_uris"]["sms_messages"] == messages
    assert api.get(messages).status_code == 200


@pytest.mark.parametrize("name", ["demo@example.org", "Demo%40Example.org", "demo@example.org/"])
def test_account_is_found_by_its_address(account: Account, api: Browser, name: str) -> None:
    assert api.get(f"{BASE}/Accounts.json/{name}").json()["sid"] == account.sid


def test_xml_has_restcomms_elements_and_no_suffix(account: Account, api: Browser) -> None:
    response = api.get(f"{PREFIXES[1]}/Accounts/{account.sid}")
    assert response.headers["content-type"] == "application/xml"
    (shown,) = ElementTree.fromstring(response.content)  # noqa: S314  # our own answer
    assert shown.tag == "Account"
    assert shown.findtext("EmailAddress") == "demo@example.org"
    assert shown.findtext("AuthToken") == account.auth_token
    assert shown.findtext("Uri") == f"{BASE}/Accounts/{account.sid}"
    path = f"{BASE}/Accounts/{account.sid}/SMS/Messages"
    assert shown.findtext("SubresourceUris/SMSMessages") == path


def test_list_is_a_bare_array_of_the_children(
    api: Browser, child: Account, grandchild: Account
) -> None:
    for tail in ("", "/"):
        assert [shown["sid"] for shown in api.get(f"{BASE}/Accounts.json{tail}").json()] == [
            child.sid
        ]
    listed = caller(grandchild).get(f"{BASE}/Accounts")
    assert listed.json() == []


@pytest.mark.parametrize("with_child", [True, False])
def test_xml_list_is_called_accounts(account: Account, api: Browser, with_child: bool) -> None:
    if with_child:
        Account.objects.create(friendly_name="<&>", parent=account)
    (listed,) = ElementTree.fromstring(  # noqa: S314  # our own answer
        api.get(f"{PREFIXES[1]}/Accounts").content
    )
    names = [shown.findtext("FriendlyName") for shown in listed]
    assert (listed.tag, names) == ("Accounts", ["<&>"] if with_child else [])


def test_account_sees_itself_and_those_below_only(
    account: Account, child: Account, grandchild: Account
) -> None:
    people = {"account": account, "child": child, "grandchild": grandchild}
    seen = {
        name: [
            caller(person).get(f"{BASE}/Accounts.json/{other.sid}").status_code
            for other in people.values()
        ]
        for name, person in people.items()
    }
    assert seen == {
        "account": [200, 200, 200],
        "child": [403, 200, 200],
        "grandchild": [403, 403, 200],
    }


def test_unknown_account_is_not_found(api: Browser) -> None:
    for name in ("AC" + "0" * 32, "AC1", "nobody@example.org", "%00"):
        for response in (api.get(f"{BASE}/Accounts.json/{name}"), post(api, f"/{name}")):
            assert response.status_code == 404 and response.json()["message"]


# --- creating -----------------------------------------------------------------------------


@pytest.mark.parametrize("tail", ["", "/"])
def test_sub_account_is_made_with_a_client_of_its_own(
    account: Account, api: Browser, tail: str
) -> None:
    made = post(api, tail, **NEW)
    assert made.status_code == 200 and list(made.json()) == KEYS
    stored = Account.objects.get(sid=made.json()["sid"])
    assert (stored.parent, stored.email) == (account, "shop@example.org")
    assert stored.friendly_name == "shop@example.org"
    assert opens(stored, PASSWORD, made.json()["auth_token"])
    assert (stored.status, stored.role) == ("active", "Administrator")
    (client,) = stored.clients.all()
    assert (client.login, client.enabled) == ("shop", True)


def test_what_is_said_is_kept(api: Browser) -> None:
    made = post(
        api,
        **NEW,
        FriendlyName="Shop & Söhne",
        Status="SUSPENDED",
        Role="developer",
        OrganizationSid="OR1",
    ).json()
    assert (made["friendly_name"], made["status"]) == ("Shop & Söhne", "suspended")
    assert made["role"] == "Developer"


def test_whole_set_up_is_scripted_over_rest(api: Browser) -> None:
    made = post(api, **NEW).json()
    browser = Browser(headers={"authorization": basic("shop@example.org", PASSWORD)})
    account = f"/{made['sid']}"
    assert post(browser, f"{account}/IncomingPhoneNumbers", PhoneNumber="+19876543212").json()
    assert post(browser, f"{account}/Clients", Login="bob", Password=PASSWORD).json()
    sent = post(browser, f"{account}/SMS/Messages", From="19876543212", To="client:bob", Body="x")
    assert (sent.status_code, sent.json()["account_sid"]) == (200, made["sid"])


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"EmailAddress": None}, 400, "Email address can not be null."),
        ({"EmailAddress": ""}, 400, "Email address can not be empty."),
        ({"Password": None}, 400, "Password can not be null."),
        ({"Password": "short"}, 400, "Password too weak"),
        ({"Password": "password"}, 400, "Password too weak"),
        ({"EmailAddress": "nonsense"}, 400, "EmailAddress: Enter a valid email address."),
        ({"EmailAddress": "a\x00@b.org"}, 400, "EmailAddress can not contain NUL characters."),
        (
            {"EmailAddress": "Demo@Example.org"},
            409,
            "The email address used for the new account is already in use.",
        ),
        ({"Status": "gone"}, 400, "Status must be one of active, suspended, closed."),
        ({"Status": "closed"}, 400, "Status: A new account can not be closed."),
        ({"Role": "King"}, 400, "Role must be one of Administrator, Developer."),
        (
            {"FriendlyName": "x" * 65},
            400,
            "FriendlyName: Ensure this value has at most 64 characters (it has 65).",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    api: Browser, changes: dict[str, str | None], status: int, message: str
) -> None:
    fields = {name: value for name, value in {**NEW, **changes}.items() if value is not None}
    refused = post(api, **fields)
    assert (refused.status_code, refused.json()["message"]) == (status, message)
    assert (Account.objects.count(), Client.objects.count()) == (1, 0)


def test_fourth_level_is_refused(grandchild: Account) -> None:
    refused = post(caller(grandchild), **NEW)
    assert refused.status_code == 400
    assert refused.json()["message"] == "This account is not allowed to have sub-accounts"
    assert Account.objects.count() == 3


@pytest.mark.parametrize("address", ["alice@example.org", "ALICE@example.org", "a=b@example.org"])
def test_client_is_left_out_where_its_login_is_taken_or_cannot_be_one(
    api: Browser, client_alice: Client, address: str
) -> None:
    assert post(api, **{**NEW, "EmailAddress": address}).status_code == 200
    assert Client.objects.get() == client_alice


def test_developer_makes_and_changes_no_account(account: Account, child: Account) -> None:
    Account.objects.filter(pk=account.pk).update(role="Developer")
    browser = caller(account)
    refused = [post(browser, **NEW), post(browser, f"/{account.sid}", Role="Administrator")]
    assert [response.status_code for response in refused] == [403, 403]
    assert Account.objects.get(pk=account.pk).role == "Developer"


def test_developer_learns_no_token_that_could_do_more(account: Account, child: Account) -> None:
    Account.objects.filter(pk=account.pk).update(role="Developer")
    browser = caller(account)
    assert "auth_token" in browser.get(f"{BASE}/Accounts/{account.sid}").json()
    assert "auth_token" not in browser.get(f"{BASE}/Accounts/{child.sid}").json()
    assert "auth_token" not in browser.get(f"{BASE}/Accounts").json()[0]


# --- changing -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_account_is_changed_by_post_or_put(
    account: Account, api: Browser, child: Account, method: str
) -> None:
    changes = {"FriendlyName": "New", "Role": "Developer", "Password": PASSWORD}
    changed = post(api, "/me@example.org", method, **changes, EmailAddress="x@example.org")
    assert changed.status_code == 200 and list(changed.json()) == KEYS
    stored = Account.objects.get(pk=child.pk)
    assert (stored.friendly_name, stored.role) == ("New", "Developer")
    assert stored.email == "me@example.org"
    assert opens(stored, PASSWORD, child.auth_token)


def test_no_readable_copy_of_an_accounts_password_is_kept(api: Browser) -> None:
    made = post(api, **NEW).json()
    first = Client.objects.get(login="shop").password
    assert len(first) == 32 and PASSWORD not in first
    assert post(api, f"/{made['sid']}", Password="another horse").status_code == 200
    assert Client.objects.get(login="shop").password == first


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Password": "short"}, "Password too weak"),
        ({"Password": ""}, "Password too weak"),
        ({"FriendlyName": ""}, "FriendlyName: This field cannot be blank."),
        ({"Status": "uninitialized"}, "Status must be one of active, suspended, closed."),
    ],
)
def test_change_that_cannot_be_changes_nothing(
    account: Account, api: Browser, fields: dict[str, str], message: str
) -> None:
    refused = post(api, f"/{account.sid}", **{"FriendlyName": "New", **fields})
    assert (refused.status_code, refused.json()["message"]) == (400, message)
    assert Account.objects.get().friendly_name == "Demo"


def test_status_goes_down_the_tree_and_back(
    api: Browser, child: Account, grandchild: Account, account: Account
) -> None:
    for status in ("suspended", "active"):
        assert post(api, f"/{child.sid}", Status=status).json()["status"] == status
        statuses = Account.objects.order_by("pk").values_list("status", flat=True)
        assert list(statuses) == ["active", status, status]


def test_closing_takes_numbers_and_clients_of_all_below_but_no_message(
    api: Browser,
    account: Account,
    number: PhoneNumber,
    child: Account,
    grandchild: Account,
    make_message: MakeMessage,
) -> None:
    for n, person in enumerate([child, grandchild]):
        PhoneNumber.objects.create(account=person, number=f"1555000{n}")
        Client.objects.create(account=person, login=f"login{n}", password=PASSWORD)
        make_message(account=person)
    closed = post(api, f"/{child.sid}", Status="closed", FriendlyName="ignored", Password="bad")
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    statuses = Account.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["active", "closed", "closed"]
    assert PhoneNumber.objects.get() == number and not Client.objects.exists()
    assert Message.objects.count() == 2
    assert Desk(account, of=child).list().json()["total"] == 1


def test_closed_is_final(api: Browser, account: Account, child: Account) -> None:
    post(api, f"/{child.sid}", Status="closed")
    for fields in ({"Status": "active"}, {"FriendlyName": "New"}, {"Status": "closed"}, {}):
        refused = post(api, f"/{child.sid}", **fields)
        assert (refused.status_code, refused.json()["error"]) == (400, "ACCOUNT_CLOSED")
    for tail, fields in (
        ("Clients", {"Login": "bob", "Password": PASSWORD}),
        ("IncomingPhoneNumbers", {"PhoneNumber": "1555"}),
    ):
        assert post(api, f"/{child.sid}/{tail}", **fields).json()["error"] == "ACCOUNT_CLOSED"
    assert api.get(f"{BASE}/Accounts/{child.sid}").json()["status"] == "closed"


def test_what_is_closed_stays_closed_when_the_tree_is_activated(
    api: Browser, child: Account, grandchild: Account
) -> None:
    post(api, f"/{grandchild.sid}", Status="closed")
    post(api, f"/{child.sid}", Status="suspended")
    post(api, f"/{child.sid}", Status="active")
    grandchild.refresh_from_db()
    assert grandchild.status == "closed"


@pytest.mark.parametrize(
    ("method", "tail"), [("DELETE", ""), ("DELETE", "/{}"), ("PATCH", "/{}"), ("PUT", "")]
)
def test_accounts_are_not_deleted(account: Account, api: Browser, method: str, tail: str) -> None:
    refused = post(api, tail.format(account.sid), method)
    assert refused.status_code == 405 and refused.json()["message"]


def test_json_body_is_not_read(account: Account, api: Browser) -> None:
    for method in ("POST", "PUT"):
        url = f"{BASE}/Accounts/{account.sid}.json"
        refused = api.generic(method, url, "{}", content_type="application/json")
        assert refused.status_code == 415 and refused.json()["message"]


# --- what a process remembers -------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_change_through_this_door_is_seen_by_this_process_at_once(account: Account) -> None:
    child = Account.objects.create(friendly_name="Child", parent=account)
    PhoneNumber.objects.create(account=child, number="19876543212")
    parent, desk = Desk(account, of=child), Desk(child)
    above = caller(account)
    assert (desk.send().status_code, parent.send().status_code) == (200, 200)
    post(above, f"/{child.sid}", Role="Developer")
    assert (desk.send().status_code, desk.list().status_code) == (403, 200)
    post(above, f"/{child.sid}", Role="Administrator", Status="suspended")
    assert desk.list().json()["error"] == "ACCOUNT_NOT_ACTIVE"
    assert parent.send().json()["error"] == "ACCOUNT_NOT_ACTIVE"
    post(above, f"/{child.sid}", Status="active")
    assert (desk.send().status_code, parent.send().status_code) == (200, 200)


@pytest.mark.django_db(transaction=True)
def test_old_password_is_forgotten_at_once(account: Account) -> None:
    above = caller(account)
    made = post(above, **NEW).json()
    browser = Browser(headers={"authorization": basic(made["sid"], PASSWORD)})
    url = f"{BASE}/Accounts/{made['sid']}"
    assert browser.get(url).status_code == 200
    post(above, f"/{made['sid']}", Password="another horse")
    assert browser.get(url).status_code == 401
