"""What a client hears when something breaks: always a body, never a word about the inside."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError, connection
from django.test import Client as Browser
from django.test import RequestFactory

from accounts.models import Account, PhoneNumber
from sms.api import exceptions
from sms.models import Message
from tests.sms.api.conftest import FORM, Desk, path


def away(error: type[Exception]) -> Callable[..., Any]:
    """Make a wrapper of every statement that finds the database away."""

    def execute(*_: Any) -> Any:
        raise error("server closed the connection unexpectedly")

    return execute


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    ("suffix", "kind"), [(".json", "application/json"), (".xml", "application/xml")]
)
def test_database_away_is_a_503_with_a_body(
    account: Account,
    api: Browser,
    suffix: str,
    kind: str,
    error: type[Exception],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with connection.execute_wrapper(away(error)):
        answers = [api.get(path(account, suffix)), api.get(path(account, f"/SM1{suffix}"))]
        answers.append(api.post(path(account, suffix), "From=1", content_type=FORM))
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["content-type"] for answer in answers} == {kind}
    assert b"again" in answers[0].content
    assert "server closed" in caplog.text
    assert "Traceback" not in caplog.text


def test_bug_of_ours_is_a_500_with_a_body_and_a_logged_traceback(
    desk: Desk, number: PhoneNumber, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SMS_MAX_BODY_LENGTH = "a wrong setting"
    response = desk.send()
    assert (response.status_code, response.json()["status"]) == (500, 500)
    assert "setting" not in response.json()["message"]
    assert "Traceback" in caplog.text
    assert "TypeError" in caplog.text
    assert not Message.objects.exists()


@pytest.mark.parametrize("prefix", ["/api/2012-04-24/", "/restcomm/2012-04-24/", "/elsewhere/"])
def test_error_outside_of_any_view_has_a_body_too(prefix: str) -> None:
    request = RequestFactory().get(f"{prefix}x.json", headers={"accept": "text/html"})
    answers = [
        exceptions.bad_request(request, SuspiciousOperation()),
        exceptions.not_found(request, ValueError("x")),
        exceptions.server_error(request),
    ]
    kind = "text/html" if prefix == "/elsewhere/" else "application/json"
    assert {answer.headers["content-type"].partition(";")[0] for answer in answers} == {kind}
    assert all(answer.content for answer in answers)


def test_errors_have_the_documented_members(desk: Desk) -> None:
    assert desk.one("SM1").json() == {
        "message": "The message does not exist.",
        "error": "NOT_FOUND",
        "code": 404,
        "status": 404,
    }
