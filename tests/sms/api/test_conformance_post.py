"""Conformance cases 32 to 61: sending."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser

from accounts.models import Account, Client, PhoneNumber
from sms.models import Message
from tests.sms.api.conftest import FORM, Desk, path

pytestmark = pytest.mark.usefixtures("number")

KEYS = (
    "sid date_created date_updated account_sid from to body status direction api_version uri"
).split()
DATE = r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000"


def test_accepted_message_is_answered_as_documented(account: Account, desk: Desk) -> None:
    response = desk.send()
    answer = response.json()
    assert response.status_code == 200
    assert list(answer) == KEYS
    assert re.fullmatch(r"SM[0-9a-f]{32}", answer["sid"])
    assert re.fullmatch(DATE, answer["date_created"])
    assert answer == {
        "sid": answer["sid"],
        "date_created": answer["date_created"],
        "date_updated": answer["date_created"],
        "account_sid": account.sid,
        "from": "19876543212",
        "to": "13216549878",
        "body": "Test SMS",
        "status": "sending",
        "direction": "outbound-api",
        "api_version": "2012-04-24",
        "uri": path(account, f"/{answer['sid']}.json"),
    }


def test_price_is_shown_where_the_platform_is_told_to(desk: Desk, settings: object) -> None:
    settings.API_SHOWS_PRICE = True  # type: ignore[attr-defined]  # pytest-django's own object
    answer = desk.send().json()
    assert (answer["price"], answer["price_unit"]) == ("0", "USD")
    assert desk.one(answer["sid"]).json()["price"] == "0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"From": None}, "From can not be null."),
        ({"To": None}, "To can not be null."),
        ({"Body": None}, "Body can not be null."),
        ({"From": None, "To": None, "Body": None}, "From can not be null."),
        ({"From": ""}, "From can not be empty."),
        ({"From": "  "}, "From can not be empty."),
        ({"To": " "}, "To can not be empty."),
        ({"Body": ""}, "Body can not be empty."),
    ],
)
def test_missing_parameter_is_named(
    desk: Desk, changes: dict[str, str | None], message: str
) -> None:
    response = desk.send(**changes)
    assert (response.status_code, response.json()["message"]) == (400, message)


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"From": "19876543213"}, "From"),
        ({"From": "\x00"}, "From"),
        ({"To": "abc"}, "To"),
        ({"To": "client:"}, "To"),
        ({"To": "1\x002345"}, "To"),
        ({"StatusCallback": "not a url"}, "StatusCallback"),
        ({"StatusCallback": "javascript:alert(1)"}, "StatusCallback"),
        ({"StatusCallback": "http://example.org/\x00"}, "StatusCallback"),
        ({"StatusCallback": "http://example.org/" + "x" * 4000}, "StatusCallback"),
        ({"StatusCallbackMethod": "PATCH"}, "StatusCallbackMethod"),
        ({"Encoding": "FOO"}, "Encoding"),
        ({"Body": "x" * 1601}, "Body"),
        ({"Body": "a\x00b"}, "Body"),
        ({"Body": "x" * 10_240}, "Body"),
    ],
)
def test_unusable_parameter_is_refused(
    desk: Desk, changes: dict[str, str | None], parameter: str
) -> None:
    response = desk.send(**changes)
    assert response.status_code == 400
    assert response.json()["message"].startswith(parameter)
    assert not Message.objects.exists()


def test_foreign_sender_has_a_word_for_programs(desk: Desk) -> None:
    assert desk.send(From="15550001111").json() == {
        "message": "From is not an SMS-enabled number of this account.",
        "error": "FROM_NOT_SMS_ENABLED",
        "code": 400,
        "status": 400,
    }


def test_number_without_sms_may_not_send(desk: Desk) -> None:
    PhoneNumber.objects.update(sms_enabled=False)
    assert desk.send().json()["error"] == "FROM_NOT_SMS_ENABLED"


@pytest.mark.parametrize(
    "changes",
    [
        {"StatusCallbackMethod": "get", "StatusCallback": "http://status.callback.url"},
        {"StatusCallbackMethod": "", "StatusCallback": ""},
        {"Encoding": "UCS-2"},
        {"Encoding": ""},
        {"Unknown": "parameter", "ApiVersion": "2011-01-01"},
        {"from": "1", "body": "names are case-sensitive"},
        {"Body": " "},
        {"Body": "x" * 1600},
    ],
)
def test_usable_options_are_accepted(desk: Desk, changes: dict[str, str | None]) -> None:
    response = desk.send(**changes)
    assert (response.status_code, response.json()["api_version"]) == (200, "2012-04-24")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("Grüße, мир 😀 {}[]~\\€", "Grüße, мир 😀 {}[]~\\€"),
        ("\u001b<>&\"'", "\u001b<>&\"'"),
        ("tab\tline\r\nend ", "tab\tline\r\nend "),
    ],
)
def test_body_comes_back_as_it_was_sent(desk: Desk, body: str, shown: str) -> None:
    sent = desk.send(Body=body).json()
    assert (sent["body"], desk.one(sent["sid"]).json()["body"]) == (shown, shown)


@pytest.mark.parametrize("octets", ["%ED%A0%80", "%FF%FE", "%C3"])
def test_octets_that_are_no_text_become_replacement_characters(
    account: Account, api: Browser, octets: str
) -> None:
    body = f"From=19876543212&To=13216549878&Body=a{octets}b"
    response = api.post(path(account), body, content_type=FORM)
    assert response.status_code == 200
    assert set(response.json()["body"]) == {"a", "\ufffd", "b"}


@pytest.mark.parametrize(
    ("encoded", "shown"),
    [
        ("19876543212", "19876543212"),
        ("%2B19876543212", "+19876543212"),
        ("+19876543212", "+19876543212"),  # sent without being escaped
        ("19876543212+", "19876543212"),
        ("%2019876543212", "+19876543212"),
    ],
)
def test_lost_plus_of_a_number_is_given_back(
    account: Account, api: Browser, encoded: str, shown: str
) -> None:
    body = f"From={encoded}&To={encoded}&Body=x"
    answer = api.post(path(account), body, content_type=FORM).json()
    assert (answer["from"], answer["to"]) == (shown, shown)


def test_first_of_repeated_parameters_wins(account: Account, api: Browser) -> None:
    fields = [("From", "19876543212"), ("To", "13216549878"), ("Body", "first"), ("Body", "second")]
    response = api.post(path(account), urlencode(fields), content_type=FORM)
    assert response.json()["body"] == "first"


def test_query_string_is_not_the_form(account: Account, api: Browser) -> None:
    query = "?From=19876543212&To=13216549878&Body=x"
    assert api.post(path(account, f".json{query}"), "", content_type=FORM).status_code == 400


@pytest.mark.parametrize("sender", ["dev-test", "alice", "client:alice"])
def test_registered_senders_of_other_forms_may_send(
    account: Account, desk: Desk, client_alice: Client, sender: str
) -> None:
    PhoneNumber.objects.create(account=account, number="dev-test")
    response = desk.send(From=sender)
    assert (response.status_code, response.json()["from"]) == (200, sender)


@pytest.mark.parametrize("recipient", ["client:alice", "client:nobody"])
def test_message_to_a_client_is_accepted_at_once(
    desk: Desk, client_alice: Client, recipient: str
) -> None:
    response = desk.send(To=recipient, StatusCallback="http://status.callback.url")
    answer = response.json()
    assert (response.status_code, answer["to"], answer["status"]) == (200, recipient, "sending")
    assert "num_segments" not in desk.one(answer["sid"]).json()


@pytest.mark.parametrize(
    ("body", "segments"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("я" * 70, 1), ("я" * 71, 2)],
)
def test_segments_are_shown_on_get(desk: Desk, body: str, segments: int) -> None:
    sent = desk.send(Body=body).json()
    assert "num_segments" not in sent
    assert desk.one(sent["sid"]).json()["num_segments"] == segments
