"""What a log line says, and what it never says."""

import json
import logging
import sys
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.conf import LazySettings
from django.db import IntegrityError
from django.test import Client as Browser

from accounts.models import PhoneNumber
from cpaas.logs import JsonFormatter, LineFormatter
from tests.conftest import caller

FORM = "application/x-www-form-urlencoded"
SID = "SM" + "0123456789abcdef" * 2


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("sms.worker", logging.INFO, __file__, 1, message, args, None)
    made.__dict__.update(extra)
    return made


def test_a_line_names_process_link_and_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_NAME", "link.acme")
    said = json.loads(JsonFormatter().format(record("%s was refused\n", SID)))
    assert said.pop("time").endswith("+00:00")
    assert said.pop("pid") > 0
    assert said == {
        "level": "INFO",
        "logger": "sms.worker",
        "process": "link.acme",
        "link": "acme",
        "sid": SID,
        "message": f"{SID} was refused\n",
    }


def test_a_line_is_one_line_whatever_a_peer_says() -> None:
    assert "\n" not in JsonFormatter().format(record("peer said %s", "a\r\nforged line"))


@pytest.mark.parametrize("formatter", [JsonFormatter, LineFormatter])
def test_an_exception_does_not_repeat_a_row(formatter: type[logging.Formatter]) -> None:
    row = "Hello, a secret"
    try:
        raise IntegrityError(f"no\nDETAIL:  Failing row contains ({row}).\n")
    except IntegrityError:
        failed = record("failed")
        failed.exc_info = sys.exc_info()
    said = formatter().format(failed)
    assert "IntegrityError" in said
    assert row not in said


@pytest.fixture
def requests_logged(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> Iterator[pytest.LogCaptureFixture]:
    settings.LOG_REQUESTS = True
    with caplog.at_level(logging.INFO, logger="cpaas.request"):
        yield caplog


def test_a_request_is_logged_with_its_message_and_nothing_of_its_content(
    requests_logged: pytest.LogCaptureFixture, number: PhoneNumber
) -> None:
    account = number.account
    path = f"/2012-04-24/Accounts/{account.sid}/SMS/Messages.json"
    form = {"From": number.number, "To": "4915112345678", "Body": "a secret"}
    sid = caller(account).post(path, urlencode(form), FORM).json()["sid"]
    caller(account).get(f"{path}?To=4915112345678")
    Browser().get("/4915112345678")
    Browser().get("/health/live")
    Browser().get("/static/admin/css/base.css")
    lines = [json.loads(JsonFormatter().format(line)) for line in requests_logged.records]
    assert [(line["method"], line["status"], line.get("sid")) for line in lines] == [
        ("POST", 200, sid),
        ("GET", 200, None),
        ("GET", 404, None),
        ("GET", 200, None),
    ]
    messages = "Accounts/<account>/SMS/Messages"
    assert [line["route"] for line in lines] == [messages, messages, "unknown", "static/"]
    assert lines[0]["account"] == account.sid
    assert lines[0]["ms"] > 0
    assert "secret" not in requests_logged.text
    assert "4915112345678" not in requests_logged.text
