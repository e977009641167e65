"""Conformance cases 101 to 104: one message."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Account
from sms.errors import ErrorCode
from sms.lifecycle import Direction, Status
from tests.sms.api.conftest import Desk, MakeMessage, path

JULY = datetime(2019, 7, 4, 7, 2, 28, tzinfo=UTC)


def test_delivered_message_looks_as_documented(
    account: Account, desk: Desk, make_message: MakeMessage
) -> None:
    message = make_message(
        date_created=JULY,
        date_updated=JULY + timedelta(seconds=5),
        date_sent=JULY,
        sender="dev-test",
        recipient="4915739360736",
        body="Another test from CPaaS",
        status=Status.DELIVERED,
    )
    answer = desk.one(message.sid).json()
    assert list(answer.items()) == [
        ("sid", message.sid),
        ("date_created", "Thu, 4 Jul 2019 07:02:28 +0000"),
        ("date_updated", "Thu, 4 Jul 2019 07:02:33 +0000"),
        ("date_sent", "2019-07-04T07:02:28.000Z"),
        ("account_sid", account.sid),
        ("from", "dev-test"),
        ("to", "4915739360736"),
        ("body", "Another test from CPaaS"),
        ("status", "delivered"),
        ("direction", "outbound-api"),
        ("num_segments", 1),
        ("error_code", None),
        ("error_message", None),
        ("api_version", "2012-04-24"),
        ("uri", path(account, f"/{message.sid}.json")),
    ]


@pytest.mark.parametrize("code", list(ErrorCode))
def test_failed_message_says_why(desk: Desk, make_message: MakeMessage, code: ErrorCode) -> None:
    answer = desk.one(make_message(status=Status.FAILED, error_code=code).sid).json()
    assert (answer["error_code"], answer["error_message"]) == (code.value, code.text)


def test_unsent_message_has_no_date_sent(desk: Desk, make_message: MakeMessage) -> None:
    answer = desk.one(make_message(num_segments=None).sid).json()
    assert answer.keys().isdisjoint({"date_sent", "num_segments"})
    assert answer["error_code"] is None


def test_inbound_message_is_shown_as_received(desk: Desk, make_message: MakeMessage) -> None:
    message = make_message(
        status=Status.RECEIVED,
        direction=Direction.INBOUND,
        date_sent=JULY + timedelta(microseconds=123_456),
        error_code=ErrorCode.MISSING_SEGMENT,
    )
    answer = desk.one(message.sid).json()
    assert (answer["status"], answer["direction"]) == ("received", "inbound")
    assert (answer["date_sent"], answer["error_code"]) == ("2019-07-04T07:02:28.123Z", 30009)


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2015, 11, 19, 7, 21, 35, tzinfo=UTC), "Thu, 19 Nov 2015 07:21:35 +0000"),
        (datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC), "Thu, 29 Feb 2024 23:59:59 +0000"),
        (datetime(2026, 1, 1, tzinfo=UTC), "Thu, 1 Jan 2026 00:00:00 +0000"),
    ],
)
def test_dates_are_written_in_english_without_padding_the_day(
    desk: Desk, make_message: MakeMessage, moment: datetime, written: str
) -> None:
    message = make_message(date_created=moment)
    assert desk.one(message.sid).json()["date_created"] == written


@pytest.mark.parametrize("sid", ["SM" + "0" * 32, "SM1", "%00", "é", "SM" + "x" * 5000])
def test_message_that_does_not_exist_is_not_found(desk: Desk, sid: str) -> None:
    response = desk.one(sid)
    assert (response.status_code, response.json()["status"]) == (404, 404)
    assert response.json()["message"]


def test_json_is_ascii_for_clients_that_take_it_for_latin_1(
    desk: Desk, make_message: MakeMessage
) -> None:
    """RestComm's Java SDK does, as the answer names no charset."""
    answer = desk.one(make_message(body="Grüße 😀 \\u00fc").sid)
    assert b"Gr\\u00fc\\u00dfe \\ud83d\\ude00" in answer.content
    assert answer.json()["body"] == "Grüße 😀 \\u00fc"
