"""What the log tells of a message, in the process where it happens."""

import json
import logging

import pytest
from django.conf import LazySettings

from cpaas.logs import JsonFormatter
from sms import outbox, receive
from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.models import Link
from sms.outbox import Move
from sms.transports.base import Inbound
from tests.sms.conftest import MakeMessage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def logged(settings: LazySettings, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    settings.LOG_MESSAGES = True
    caplog.set_level(logging.INFO, logger="cpaas.message")
    return caplog


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    records = [record for record in caplog.records if record.name == "cpaas.message"]
    return [json.loads(JsonFormatter().format(record)) for record in records]


def test_each_step_has_the_sid_of_its_message_and_nothing_of_its_content(
    logged: pytest.LogCaptureFixture, make_message: MakeMessage, link: Link
) -> None:
    good, bad = make_message(body="a secret"), make_message(body="a secret")
    outbox.record(moves=[Move(good.id, Status.SENT)])
    outbox.record(moves=[Move(bad.id, Status.FAILED, ErrorCode.BLOCKED)])
    receive.inbound([Inbound("4915112345678", "19876543212", "a secret")], link_id=link.id)
    sent, failed, received = lines(logged)
    assert (sent["sid"], sent["status"], sent["link"]) == (good.sid, "sent", "carrier")
    assert sent["account"] == good.account.sid
    assert (failed["sid"], failed["error_code"]) == (bad.sid, ErrorCode.BLOCKED)
    assert str(received["sid"]).startswith("SM") and received["status"] == "received"
    for private in ("secret", good.recipient, "4915112345678"):
        assert private not in logged.text


def test_nothing_is_asked_or_logged_where_nobody_wants_it(
    caplog: pytest.LogCaptureFixture, make_message: MakeMessage
) -> None:
    caplog.set_level(logging.INFO, logger="cpaas.message")
    outbox.record(moves=[Move(make_message().id, Status.SENT)])
    assert lines(caplog) == []
