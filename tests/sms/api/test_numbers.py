"""Incoming phone numbers over REST, as RestComm's SDKs ask for them."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from django.test import Client as Browser

from accounts.models import Account, PhoneNumber
from tests.conftest import caller
from tests.sms.api.conftest import FORM, PREFIXES, Desk

ENVELOPE = [
    *("page", "num_pages", "page_size", "total", "limit", "start", "end", "uri"),
    *("first_page_uri", "previous_page_uri", "next_page_uri", "last_page_uri"),
    "incomingPhoneNumbers",
]
NULLS = {
    *("voice_url", "voice_method", "voice_fallback_url", "voice_fallback_method"),
    *("status_callback", "status_callback_method", "voice_application_sid"),
    *("sms_url", "sms_fallback_url", "sms_application_sid"),
    *("ussd_url", "ussd_method", "ussd_fallback_url", "ussd_fallback_method"),
    "ussd_application_sid",
}
URL = "http://receiver:8080/sms?a=1"


def url(account: Account, tail: str = ".json", *, prefix: str = PREFIXES[0]) -> str:
    return f"{prefix}/Accounts/{account.sid}/IncomingPhoneNumbers{tail}"


def post(
    browser: Browser, account: Account, tail: str = ".json", method: str = "POST", **fields: Any
) -> Any:
    return browser.generic(method, url(account, tail), urlencode(fields), content_type=FORM)


def names(listed: Any) -> list[str]:
    assert listed.status_code == 200
    return [shown["phone_number"] for shown in listed.json()["incomingPhoneNumbers"]]


# --- adding -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["+19876543212", "19876543212", "12345", "dev-test"])
def test_number_is_added_as_it_is_given(account: Account, api: Browser, number: str) -> None:
    added = post(api, account, PhoneNumber=number, isSIP="true", VoiceUrl="ignored")
    assert added.status_code == 200
    shown, stored = added.json(), PhoneNumber.objects.get()
    assert (shown["sid"], shown["account_sid"]) == (stored.sid, account.sid)
    assert (shown["phone_number"], shown["friendly_name"]) == (number, number)
    assert {name for name, value in shown.items() if value is None} == NULLS
    assert (shown["sms_method"], shown["sms_fallback_method"]) == ("POST", "POST")
    assert shown["capabilities"] == {
        "voice_capable": False,
        "sms_capable": True,
        "mms_capable": False,
        "fax_capable": False,
    }
    assert shown["uri"] == url(account, f"/{stored.sid}.json")
    assert api.get(shown["uri"]).json() == shown


def test_plus_that_was_not_escaped_is_given_back(account: Account, api: Browser) -> None:
    added = api.post(url(account), "PhoneNumber=+19876543212", content_type=FORM)
    assert added.json()["phone_number"] == "+19876543212"


def test_what_is_said_is_kept(account: Account, api: Browser) -> None:
    shown = post(
        api,
        account,
        PhoneNumber="19876543212",
        FriendlyName="Front desk",
        SmsCapable="False",
        SmsUrl=URL,
        SmsMethod="get",
        SmsFallbackUrl=f"{URL}&b=2",
        SmsFallbackMethod="GET",
    ).json()
    assert (shown["friendly_name"], shown["capabilities"]["sms_capable"]) == ("Front desk", False)
    assert (shown["sms_url"], shown["sms_method"]) == (URL, "GET")
    assert (shown["sms_fallback_url"], shown["sms_fallback_method"]) == (f"{URL}&b=2", "GET")


@pytest.mark.parametrize("again", ["19876543212", "+19876543212"])
@pytest.mark.parametrize("mine", [True, False])
def test_number_that_is_taken_is_21452(
    account: Account, number: PhoneNumber, again: str, mine: bool
) -> None:
    other = account if mine else Account.objects.create(friendly_name="Other")
    refused = post(caller(other), other, PhoneNumber=again)
    assert (refused.status_code, refused.json()["code"]) == (400, 21452)
    assert PhoneNumber.objects.get() == number


def test_alphanumeric_sender_is_taken_in_its_own_account_only(account: Account) -> None:
    other = Account.objects.create(friendly_name="Other")
    answers = [post(caller(who), who, PhoneNumber="dev-test") for who in (account, account, other)]
    assert [answer.status_code for answer in answers] == [200, 400, 200]
    assert answers[1].json()["code"] == 21452


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Phone number can not be null."),
        ({"PhoneNumber": ""}, "Phone number can not be empty."),
        ({"AreaCode": "415"}, "There is no stock to choose from by AreaCode."),
        ({"PhoneNumber": "1-2"}, "PhoneNumber: 3 to 15 digits"),
        ({"PhoneNumber": "client:bob"}, "PhoneNumber: 3 to 15 digits"),
        ({"PhoneNumber": "1" * 30}, "PhoneNumber: Ensure this value has at most 20"),
        ({"PhoneNumber": "1\x00"}, "PhoneNumber can not contain NUL characters."),
        ({"PhoneNumber": "1555", "SmsUrl": "/relative"}, "SmsUrl is not usable: the URL is not"),
        ({"PhoneNumber": "1555", "SmsFallbackUrl": "ftp://x/"}, "SmsFallbackUrl is not usable: "),
        ({"PhoneNumber": "1555", "SmsMethod": "PATCH"}, "SmsMethod must be one of POST, GET."),
        ({"PhoneNumber": "1555", "SmsCapable": "yes"}, "SmsCapable must be one of true, false."),
        ({"PhoneNumber": "1555", "FriendlyName": "x" * 65}, "FriendlyName: Ensure this value"),
    ],
)
def test_what_cannot_be_is_refused(
    account: Account, api: Browser, fields: dict[str, str], message: str
) -> None:
    refused = post(api, account, **fields)
    assert refused.status_code == 400
    assert refused.json()["message"].startswith(message)
    assert not PhoneNumber.objects.exists()


# --- changing and removing ----------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_number_is_changed_by_post_or_put(
    account: Account, api: Browser, number: PhoneNumber, method: str
) -> None:
    tail = f".json/{number.sid}"
    changed = post(api, account, tail, method, SmsUrl=URL, PhoneNumber="1555").json()
    assert (changed["sms_url"], changed["phone_number"]) == (URL, "19876543212")
    cleared = post(api, account, tail, method, SmsUrl="", FriendlyName="New").json()
    assert (cleared["sms_url"], cleared["friendly_name"]) == (None, "New")
    assert post(api, account, tail, method).json()["friendly_name"] == "New"


@pytest.mark.parametrize(
    ("prefix", "tail", "accept", "status"),
    [
        (PREFIXES[1], "/{}.json", "*/*", 200),
        (PREFIXES[1], ".json/{}", "*/*", 200),
        (PREFIXES[1], "/{}", "application/json", 200),
        (PREFIXES[0], ".json/{}", "application/xml", 200),
        (PREFIXES[1], "/{}", "*/*", 204),
        (PREFIXES[0], "/{}", "*/*", 204),
        (PREFIXES[0], "/{}", "application/json;q=0.1, application/xml", 204),
    ],
)
def test_deletion_answers_json_to_who_must_have_it(
    account: Account,
    api: Browser,
    number: PhoneNumber,
    prefix: str,
    tail: str,
    accept: str,
    status: int,
) -> None:
    path = url(account, tail.format(number.sid), prefix=prefix)
    first = api.delete(path, headers={"accept": accept})
    assert (first.status_code, first.content) == (status, b"{}" if status == 200 else b"")
    assert ("content-length" in first.headers) == (status == 200)
    second = api.delete(path, headers={"accept": accept})
    assert second.status_code == 404 and second.content
    assert not PhoneNumber.objects.exists()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("sid", ["PN" + "0" * 32, "PN1", "%00", "foreign", "Local"])
def test_unknown_or_foreign_number_is_not_found(
    account: Account, api: Browser, method: str, sid: str
) -> None:
    child = Account.objects.create(friendly_name="Child", parent=account)
    foreign = PhoneNumber.objects.create(account=child, number="1555")
    tail = f".json/{foreign.sid if sid == 'foreign' else sid}"
    missing = post(api, account, tail, method, FriendlyName="x")
    assert missing.status_code == 404 and missing.json()["message"]
    assert PhoneNumber.objects.get().friendly_name == ""


def test_developer_reads_only(account: Account, api: Browser, number: PhoneNumber) -> None:
    Account.objects.update(role="Developer")
    tail = f"/{number.sid}.json"
    statuses = [post(api, account, tail, m).status_code for m in ("GET", "POST", "PUT", "DELETE")]
    assert statuses == [200, 403, 403, 403]
    assert post(api, account, PhoneNumber="1555").status_code == 403
    assert names(api.get(url(account))) == ["19876543212"]


@pytest.mark.django_db(transaction=True)
def test_number_without_sms_sends_nothing_more(account: Account, number: PhoneNumber) -> None:
    desk, browser = Desk(account), caller(account)
    senders = ("19876543212", "+19876543212")
    assert [desk.send(From=sender).status_code for sender in senders] == [200, 200]
    post(browser, account, f"/{number.sid}", SmsCapable="false")
    assert [desk.send(From=sender).status_code for sender in senders] == [400, 400]
    post(browser, account, f"/{number.sid}", SmsCapable="true")
    assert [desk.send(From=sender).status_code for sender in senders] == [200, 200]
    browser.delete(url(account, f"/{number.sid}"))
    assert [desk.send(From=sender).status_code for sender in senders] == [400, 400]


# --- listing ------------------------------------------------------------------------------


@pytest.fixture
def five(account: Account) -> list[PhoneNumber]:
    """Five numbers, named against their order."""
    given = ["+15550001", "15550003", "15550002", "442071838750", "dev-test"]
    stranger = Account.objects.create(friendly_name="Stranger")
    PhoneNumber.objects.create(account=stranger, number="15559999")
    return [
        PhoneNumber.objects.create(account=account, number=number, friendly_name=f"desk_{9 - n}")
        for n, number in enumerate(given)
    ]


def test_list_is_a_page_in_its_envelope(
    account: Account, api: Browser, five: list[PhoneNumber]
) -> None:
    page = api.get(f"{url(account, '.json/')}?PageSize=2", content_type=FORM).json()
    assert list(page) == ENVELOPE
    assert (page["page"], page["num_pages"], page["page_size"], page["total"]) == (0, 2, 2, 5)
    assert (page["start"], page["end"]) == ("0", "1")
    assert page["uri"] == url(account, "")
    assert page["previous_page_uri"] == "null"
    assert [n["phone_number"] for n in page["incomingPhoneNumbers"]] == ["+15550001", "15550003"]


@pytest.mark.parametrize("query", ["", "SortBy=PhoneNumber", "SortBy=FriendlyName&Reverse=true"])
def test_links_lead_through_the_whole_list(
    account: Account, api: Browser, five: list[PhoneNumber], query: str
) -> None:
    seen, uri = [], f"{url(account)}?PageSize=2&{query}"
    for _ in range(3):
        page = api.get(uri).json()
        seen += [shown["phone_number"] for shown in page["incomingPhoneNumbers"]]
        uri = page["next_page_uri"]
    assert uri == "null"
    assert seen == names(api.get(f"{url(account)}?{query}"))
    assert sorted(seen) == sorted(number.number for number in five)
    kept = parse_qs(urlsplit(page["first_page_uri"]).query)
    assert all(kept[name] == values for name, values in parse_qs(query).items())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("Reverse=true", [4, 3, 2, 1, 0]),
        ("SortBy=PhoneNumber", [0, 2, 1, 3, 4]),
        ("SortBy=PhoneNumber&Reverse=TRUE", [4, 3, 1, 2, 0]),
        ("SortBy=FriendlyName", [4, 3, 2, 1, 0]),
        ("SortBy=FriendlyName&Reverse=true", [0, 1, 2, 3, 4]),
        ("SortBy=Nothing", [0, 1, 2, 3, 4]),
        ("PhoneNumber=%2B15550003", [1]),
        ("PhoneNumber=15550001", [0]),
        ("PhoneNumber=DEV-TEST", [4]),
        ("PhoneNumber=1555000*", [0, 1, 2]),
        ("PhoneNumber=*8750", [3]),
        ("PhoneNumber=1666", []),
        ("FriendlyName=desk_9", [0]),
        ("FriendlyName=DESK_8", [1]),
        ("FriendlyName=desk*", [0, 1, 2, 3, 4]),
        ("FriendlyName=*_7", [2]),
        ("FriendlyName=deskx9", []),
        ("FriendlyName=desk%25", []),
        ("FriendlyName=desk", []),
    ],
)
def test_list_keeps_and_orders_what_is_asked_for(
    account: Account, api: Browser, five: list[PhoneNumber], query: str, expected: list[int]
) -> None:
    listed = api.get(f"{url(account)}?{query}")
    assert names(listed) == [five[n].number for n in expected]
    assert listed.json()["total"] == len(expected)


@pytest.mark.parametrize(
    "query", ["PageSize=0", "Page=x", "Page=9", "Limit=-1", "FriendlyName=%00"]
)
def test_page_that_cannot_be_is_refused(account: Account, api: Browser, query: str) -> None:
    refused = api.get(f"{url(account)}?{query}")
    assert refused.status_code == 400 and refused.json()["message"]


def test_empty_list(account: Account, api: Browser) -> None:
    page = api.get(url(account)).json()
    assert (page["total"], page["start"], page["end"]) == (0, "0", "0")
    assert (page["incomingPhoneNumbers"], page["next_page_uri"]) == ([], "null")


def test_xml_list_is_restcomms(account: Account, api: Browser, number: PhoneNumber) -> None:
    response = api.get(url(account, "", prefix=PREFIXES[1]))
    (listed,) = ElementTree.fromstring(response.content)  # noqa: S314  # our own answer
    assert (listed.tag, [shown.tag for shown in listed]) == (
        "IncomingPhoneNumbers",
        ["IncomingPhoneNumber"],
    )
    assert (listed.get("total"), listed.get("pagesize"), listed.get("end")) == ("1", "50", "0")
    (shown,) = listed
    assert shown.findtext("PhoneNumber") == "19876543212"
    assert shown.findtext("Capabilities/Sms") == "true"
    assert shown.findtext("Capabilities/Voice") == "false"
    assert shown.findtext("Uri") == url(account, f"/{number.sid}")
    assert shown.find("SmsUrl") is None
