"""What an operator reads in the log when a connection fails."""

import logging
from typing import Any

import pytest

from sms.lifecycle import LinkState
from sms.transports.smpp.alarms import QUIET_S, Alarms
from sms.transports.smpp.codec import HEADER, CommandStatus
from sms.transports.smpp.link import RetryPolicy
from tests.fakes.sink import RecordingSink
from tests.fakes.smsc import FakeSmsc, refuse_with
from tests.sms.transports.contract import segment
from tests.sms.transports.smpp.conftest import QUICK, Opener


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def test_warnings_of_one_kind_come_once_a_minute_and_count_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    alarms = Alarms("acme", lambda: now)
    for _ in range(3):
        alarms.warn("lost", "line lost")
    alarms.warn("garbage", "malformed PDU")
    now = QUIET_S
    alarms.warn("lost", "line lost")
    assert warnings(caplog) == [
        "link acme: line lost",
        "link acme: malformed PDU",
        "link acme: line lost (and 2 more like it in the last minute)",
    ]


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (CommandStatus.INVALID_PASSWORD, LinkState.REFUSED, "the password is wrong"),
        (CommandStatus.INVALID_SYSTEM_ID, LinkState.REFUSED, "does not know the system_id"),
        (CommandStatus.INVALID_SYSTEM_TYPE, LinkState.REFUSED, "the system_type is wrong"),
        (CommandStatus.BIND_FAILED, LinkState.REFUSED, "open to this address"),
        (CommandStatus.ALREADY_BOUND, LinkState.DOWN, "allows fewer binds"),
        (CommandStatus.THROTTLED, LinkState.DOWN, "bind too often"),
        (0x0450, LinkState.DOWN, "vendor specific (0x00000450): ask the carrier"),
    ],
)
def test_each_refusal_of_a_bind_is_a_sentence(
    smsc: FakeSmsc,
    open_link: Opener,
    sink: RecordingSink,
    caplog: pytest.LogCaptureFixture,
    status: int,
    state: LinkState,
    words: str,
) -> None:
    smsc.bind_status = status
    open_link(until=state)
    assert words in sink.wait_state(state)
    told = [line for line in warnings(caplog) if words in line]
    assert told and all(line.startswith("link carrier: ") for line in told)


@pytest.mark.sockets
def test_a_throttled_bind_is_given_time(smsc: FakeSmsc, open_link: Opener) -> None:
    smsc.bind_status = CommandStatus.THROTTLED
    patient = RetryPolicy(first_s=0.01, longest_s=0.01, already_bound_s=30, unbind_s=0.1)
    open_link(until=LinkState.DOWN, policy=patient)
    assert len(smsc.binds) == 1


@pytest.mark.sockets
def test_a_line_that_comes_and_goes_does_not_flood_the_log(
    smsc: FakeSmsc, open_link: Opener, sink: RecordingSink, caplog: pytest.LogCaptureFixture
) -> None:
    open_link(policy=QUICK)
    for times in range(1, 6):
        sink.wait_state(LinkState.UP, times=times)
        smsc.drop()
        sink.wait_state(LinkState.DOWN, times=times)
    assert len([line for line in warnings(caplog) if "connection lost" in line]) == 1


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("status", "words"), [(0x58, "throttled to"), (0x15, "ESME_RINVSERTYP (0x00000015)")]
)
def test_what_each_of_many_answers_says_is_written_once(
    smsc: FakeSmsc,
    open_link: Opener,
    sink: RecordingSink,
    caplog: pytest.LogCaptureFixture,
    status: int,
    words: str,
) -> None:
    smsc.on_submit = refuse_with(status)
    link = open_link()
    link.send([segment(key) for key in range(5)])
    sink.wait_outcomes(5)
    assert len([line for line in warnings(caplog) if words in line]) == 1


@pytest.mark.sockets
def test_a_malformed_pdu_is_told_by_its_header_and_no_more(
    smsc: FakeSmsc, open_link: Opener, sink: RecordingSink, caplog: pytest.LogCaptureFixture
) -> None:
    open_link()
    secret = b"your code is 4711"
    header: Any = HEADER.pack(HEADER.size + len(secret), 0x05, 0, 9)
    smsc.write(header + secret)
    smsc.wait("its refusal", lambda: any("malformed" in line for line in warnings(caplog)))
    (line,) = [line for line in warnings(caplog) if "malformed" in line]
    assert header.hex() in line and secret.hex() not in line and "4711" not in line
