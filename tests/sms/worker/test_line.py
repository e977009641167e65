"""One open link, turned by hand, over a loopback."""

from typing import Any

import pytest
from django.db import DataError, OperationalError

from sms import receive, switchboard
from sms.models import Link, Message
from sms.transports.base import Inbound, Report
from sms.worker.line import ENOUGH, Line
from sms.worker.load import LoadMeter
from tests.fakes.loopback import Loopback

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setattr(switchboard, "connect", lambda kind, settings, sink: Loopback(sink))
    link = Link.objects.create(name="carrier", host="127.0.0.1")
    return Line(link, worker="one", wake=lambda: None, meter=LoadMeter())


def come(line: Line, *texts: str) -> None:
    for number, text in enumerate(texts):
        report = Inbound(sender="9999", recipient="19876543212", text=text, token=number)
        line._inbox.report(report)


def answers(line: Line) -> list[tuple[str, bool]]:
    transport = line._transport
    assert isinstance(transport, Loopback)
    return [(_text(report), is_stored) for report, is_stored in transport.answered]


def _text(report: Report) -> str:
    assert isinstance(report, Inbound)
    return report.text


def fail_on(word: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    store = receive.inbound

    def inbound(batch: list[Inbound], **options: Any) -> None:
        if any(item.text == word for item in batch):
            raise error
        store(batch, **options)

    monkeypatch.setattr(receive, "inbound", inbound)


def test_a_report_that_cannot_be_stored_holds_up_no_other(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_on("bad", DataError("value too long"), monkeypatch)
    come(line, "one", "bad", "two")
    assert line.record()
    assert sorted(answers(line)) == [("bad", False), ("one", True), ("two", True)]
    assert sorted(Message.objects.values_list("body", flat=True)) == ["one", "two"]
    assert not line.record()  # and it is not tried for ever


def test_reports_wait_while_the_database_is_away(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        fail_on("one", OperationalError("gone"), patched)
        come(line, "one")
        with pytest.raises(OperationalError):
            line.record()
        assert not answers(line)
    line.record()
    assert answers(line) == [("one", True)]


def test_gathering_ends_when_nothing_more_comes(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("sms.worker.line.time.sleep", slept.append)
    line.gather()
    assert slept == []  # an idle link waits for nothing
    come(line, "one", "two")
    line.gather()
    assert len(slept) == 1


def test_gathering_goes_on_while_more_comes_until_it_is_enough(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.worker.line.GATHER_S", 60.0)
    monkeypatch.setattr("sms.worker.line.time.sleep", lambda seconds: come(line, "more"))
    come(line, "one")
    line.gather()
    assert len(line._inbox) == ENOUGH
