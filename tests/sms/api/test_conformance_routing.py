"""Conformance cases 1 to 16: routes, formats, methods."""

from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client as Browser

from accounts.models import Account, PhoneNumber
from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.models import Message
from tests.sms.api.conftest import FORM, PREFIXES, MakeMessage, path

JSON, XML = "application/json", "application/xml"
API, RESTCOMM, BARE = PREFIXES


def xml(response: Any) -> ElementTree.Element:
    assert response.headers["content-type"] == XML
    root = ElementTree.fromstring(response.content)  # noqa: S314  # our own answer
    assert root.tag == "RestcommResponse"
    return root


def parsed(response: Any) -> dict[str, str]:
    """Read an error body in whichever format it has."""
    if response.headers["content-type"] == JSON:
        return dict(response.json())
    return {child.tag.lower(): child.text or "" for child in xml(response)}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("tail", [".json", ".json/"])
def test_suffix_json_gives_json_below_every_prefix(
    account: Account, api: Browser, prefix: str, tail: str
) -> None:
    response = api.get(path(account, tail, prefix=prefix))
    assert (response.status_code, response.headers["content-type"]) == (200, JSON)
    assert response.json()["messages"] == []
    assert response.json()["uri"] == path(account, "")


@pytest.mark.parametrize(
    ("prefix", "accept", "expected"),
    [
        (API, None, JSON),
        (API, "*/*", JSON),
        (API, "application/xml", XML),
        (API, "text/xml", XML),
        (API, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML),
        (API, "application/json, text/plain, */*", JSON),
        (API, "application/xml;q=0.5, application/json", JSON),
        (API, "application/json;q=0, */*", JSON),
        (API, "text/html, */*;q=0.1", JSON),
        (API, "application/*", JSON),
        (API, "application/xml;q=x", XML),
        (RESTCOMM, None, XML),
        (RESTCOMM, "", XML),
        (RESTCOMM, "*/*", XML),
        (RESTCOMM, "application/json", JSON),
        (RESTCOMM, "application/json, text/plain, */*", JSON),
        (RESTCOMM, "text/html, application/vnd.x+json", JSON),
        (BARE, None, XML),
        (BARE, "*/*", XML),
        (BARE, "application/json", JSON),
    ],
)
def test_accept_decides_where_no_suffix_does(
    account: Account, api: Browser, prefix: str, accept: str | None, expected: str
) -> None:
    headers = {} if accept is None else {"accept": accept}
    response = api.get(path(account, "", prefix=prefix), headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (200, expected)


@pytest.mark.parametrize("suffix", [".json", ".xml"])
def test_suffix_wins_over_accept(account: Account, api: Browser, suffix: str) -> None:
    accept, expected = {".json": (XML, JSON), ".xml": (JSON, XML)}[suffix]
    response = api.get(path(account, suffix), headers={"accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, expected)


@pytest.mark.parametrize("accept", ["text/html", "image/png, text/plain", "application/json;q=0"])
def test_neither_json_nor_xml_is_not_acceptable(
    account: Account, api: Browser, number: PhoneNumber, accept: str
) -> None:
    listed = api.get(path(account, ""), headers={"accept": accept})
    sent = api.post(
        path(account, ""),
        "From=19876543212&To=13216549878&Body=x",
        content_type=FORM,
        headers={"accept": accept},
    )
    assert (listed.status_code, sent.status_code) == (406, 406)
    assert parsed(listed)["message"]
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        "{p}/Accounts/{ac}/SMS/Messages/{sm}.json",
        "{p}/Accounts/{ac}/SMS/Messages.json/{sm}",
        "{p}/Accounts.json/{ac}/SMS/Messages/{sm}",
        "{p}/Accounts/{ac}.json/SMS/Messages/{sm}/",
        "{p}/Accounts.json/{ac}/SMS.json/Messages.json/{sm}.json/",
        "{p}/Accounts/demo%40example.org/SMS/Messages/{sm}.json",
        "{p}/Accounts.json/DEMO@example.org/SMS/Messages/{sm}",
    ],
)
def test_json_may_stand_on_any_segment(
    account: Account, api: Browser, make_message: MakeMessage, form: str
) -> None:
    message = make_message()
    response = api.get(form.format(p=RESTCOMM, ac=account.sid, sm=message.sid))
    assert (response.status_code, response.headers["content-type"]) == (200, JSON)
    assert response.json()["sid"] == message.sid


@pytest.mark.parametrize("tail", ["", ".json", "/", ".json/", ".xml"])
def test_post_needs_no_redirect(
    account: Account, api: Browser, number: PhoneNumber, tail: str
) -> None:
    body = "From=19876543212&To=13216549878&Body=x"
    assert api.post(path(account, tail), body, content_type=FORM).status_code == 200


MESSAGE_ELEMENTS = (
    "Sid DateCreated DateUpdated DateSent AccountSid From To Body Status Direction "
    "NumSegments ApiVersion Uri"
).split()


@pytest.mark.parametrize("tail", ["", ".xml"])
def test_message_has_the_elements_of_restcomm_in_xml(
    account: Account, api: Browser, make_message: MakeMessage, tail: str
) -> None:
    message = make_message(body='<b>&"Ä\x01\r\n')
    response = api.get(path(account, f"/{message.sid}{tail}", prefix=RESTCOMM))
    assert not response.content.startswith(b"<?xml")
    (element,) = xml(response)
    assert element.tag == "SMSMessage"
    assert [child.tag for child in element] == MESSAGE_ELEMENTS
    assert element.findtext("DateSent") == ""
    assert element.findtext("Body") == '<b>&"Ä\ufffd\r\n'
    assert element.findtext("Uri") == path(account, f"/{message.sid}")


def test_failed_message_has_an_error_in_xml(
    account: Account, api: Browser, make_message: MakeMessage
) -> None:
    message = make_message(status=Status.FAILED, error_code=ErrorCode.UNKNOWN, num_segments=None)
    (element,) = xml(api.get(path(account, f"/{message.sid}.xml")))
    order = [child.tag for child in element]
    assert order[order.index("Direction") + 1] == "Error"
    assert element.findtext("Error/ErrorCode") == "30008"
    assert element.findtext("Error/ErrorMessage") == "Unknown error"


def test_list_in_xml_carries_paging_as_attributes(
    account: Account, api: Browser, thirty_four: list[Message]
) -> None:
    (element,) = xml(api.get(path(account, ".xml?PageSize=10&Page=1&Body=o")))
    assert element.tag == "SMSMessages"
    assert [child.tag for child in element] == ["SMSMessage"] * 10
    as_json = api.get(path(account, ".json?PageSize=10&Page=1&Body=o")).json()
    assert element.attrib == {
        name.replace("_", ""): str(value)
        for name, value in as_json.items()
        if name not in ("messages", "limit")
    }


def test_accepted_message_is_xml_without_suffix(
    account: Account, api: Browser, number: PhoneNumber
) -> None:
    body = "From=19876543212&To=13216549878&Body=x"
    response = api.post(path(account, "", prefix=RESTCOMM), body, content_type=FORM)
    (element,) = xml(response)
    assert (response.status_code, element.findtext("Status")) == (200, "sending")
    assert element.find("Error") is None


@pytest.mark.parametrize("suffix", [".json", ".xml"])
@pytest.mark.parametrize(
    ("method", "tail"),
    [
        ("PUT", ""),
        ("DELETE", ""),
        ("PATCH", ""),
        ("OPTIONS", ""),
        ("NONSENSE", ""),
        ("POST", "/SM1"),
        ("PUT", "/SM1"),
        ("DELETE", "/SM1"),
    ],
)
def test_other_methods_are_refused_with_a_body(
    account: Account, api: Browser, method: str, tail: str, suffix: str
) -> None:
    response = api.generic(method, path(account, tail + suffix), "", content_type=FORM)
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]
    assert parsed(response)["message"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", "{}"),
        ("multipart/form-data; boundary=x", "--x--"),
        ("text/plain", "From=1"),
        ("", "From=1"),
    ],
)
def test_only_forms_are_read(account: Account, api: Browser, content_type: str, body: str) -> None:
    response = api.generic("POST", path(account), body, content_type=content_type)
    assert response.status_code == 415
    assert parsed(response)["message"]


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=UTF-8", FORM.upper()])
def test_content_type_may_carry_a_charset(
    account: Account, api: Browser, number: PhoneNumber, content_type: str
) -> None:
    body = "From=19876543212&To=13216549878&Body=%D1%8F"
    response = api.generic("POST", path(account), body, content_type=content_type)
    assert response.json()["body"] == "я"


def test_form_in_another_charset_is_refused(account: Account, api: Browser) -> None:
    content_type = f"{FORM}; charset=iso-8859-1"
    response = api.generic("POST", path(account), "From=1", content_type=content_type)
    assert response.status_code == 400
    assert parsed(response)["message"]


def test_request_without_type_and_body_lacks_its_parameters(account: Account, api: Browser) -> None:
    response = api.generic("POST", path(account), "", content_type="")
    assert (response.status_code, parsed(response)["message"]) == (400, "From can not be null.")


def chunked(body: bytes, *, terminated: bool = True) -> dict[str, Any]:
    """Write what a WSGI server says of a body that came in chunks."""
    return {
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": terminated,
    }


@pytest.mark.parametrize(
    ("body", "terminated", "status"),
    [
        (b"From=19876543212&To=13216549878&Body=%D1%8F", True, 200),
        (b"From=19876543212&To=13216549878", True, 400),
        (b"From=19876543212&To=13216549878&Body=x".ljust(10_000_001, b"x"), True, 413),
        (b"From=19876543212&To=13216549878&Body=x", False, 400),  # reading could wait for ever
    ],
)
def test_form_in_chunks_is_read_like_any_other(
    account: Account, api: Browser, number: PhoneNumber, body: bytes, terminated: bool, status: int
) -> None:
    extra = chunked(body, terminated=terminated)
    response = api.generic("POST", path(account), **extra)
    assert response.status_code == status
    assert response.json()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("tail", [".json", ".xml", "/SM1.json", "/SM1/2.json"])
def test_every_answer_says_how_long_it_is(
    account: Account, api: Browser, method: str, tail: str
) -> None:
    response = api.generic(method, path(account, tail))
    assert int(response.headers["content-length"]) == len(response.content) > 0


@pytest.mark.parametrize("suffix", [".json", ".xml"])
@pytest.mark.parametrize(("size", "status"), [(9_999_000, 400), (10_000_001, 413)])
def test_body_of_ten_megabytes_is_too_large(
    account: Account, api: Browser, number: PhoneNumber, size: int, status: int, suffix: str
) -> None:
    body = "From=19876543212&To=13216549878&Body="
    response = api.generic("POST", path(account, suffix), body.ljust(size, "x"), FORM)
    assert response.status_code == status
    assert parsed(response)["message"]


def test_thousands_of_fields_are_refused(account: Account, api: Browser) -> None:
    response = api.generic("POST", path(account), "a=1&" * 5000, content_type=FORM)
    assert response.status_code == 400
    assert parsed(response)["message"]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "tail", ["/", "/Nothing", "/Nothing.json", "/Accounts/x/SMS", "/Accounts/x/SMS/Messages/1/2"]
)
def test_unknown_path_is_not_found_with_a_body(
    api: Browser, prefix: str, method: str, tail: str
) -> None:
    response = api.generic(method, prefix + tail)
    assert response.status_code == 404
    assert parsed(response)["message"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_prefix_alone_is_not_found_with_a_body(db: None, prefix: str) -> None:
    response = Browser().get(prefix)
    assert response.status_code == 404
    assert parsed(response)["message"]


PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_path_outside_the_api_is_a_page_to_a_browser(db: None) -> None:
    response = Browser(headers=PAGE).get("/elsewhere")
    assert (response.status_code, response.headers["content-type"][:9]) == (404, "text/html")


@pytest.mark.parametrize("accept", [{}, {"accept": "*/*"}, {"accept": "application/xml"}])
@pytest.mark.parametrize("wrong", ["/elsewhere", "/2010-04-01/Accounts.json", "/restcomm", "/"])
def test_path_outside_the_api_is_parseable_to_a_program(
    db: None, accept: dict[str, str], wrong: str
) -> None:
    response = Browser(headers=accept).get(wrong)
    assert response.status_code == 404
    assert parsed(response)["message"]


@pytest.mark.parametrize(
    "prefix", ["/restcomm/2012-04-24.json", "/restcomm.json/2012-04-24", "/2012-04-24.json"]
)
def test_suffix_may_stand_on_the_prefix_too(account: Account, api: Browser, prefix: str) -> None:
    response = api.get(path(account, "", prefix=prefix))
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(
    ("query", "suffix"), [("Page=x", ".json"), ("Page=x", ".xml"), ("SortBy=:asc", ".xml")]
)
def test_error_has_message_and_word_in_either_format(
    account: Account, api: Browser, query: str, suffix: str
) -> None:
    body = parsed(api.get(path(account, f"{suffix}?{query}")))
    assert body["message"]
    assert body["error"] == "BAD_REQUEST"


def test_head_is_a_get_without_a_body(account: Account, api: Browser) -> None:
    response = api.head(path(account))
    assert (response.status_code, response.content) == (200, b"")


def test_missing_message_is_reported_in_xml_too(account: Account, api: Browser) -> None:
    response = api.get(path(account, "/x.xml"))
    assert response.status_code == 404
    assert xml(response).findtext("Message") == "The message does not exist."
