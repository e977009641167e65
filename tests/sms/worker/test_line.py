"""One open link, turned by hand, over a loopback."""

from typing import Any

import pytest
from django.db import DataError, OperationalError

from sms import receive, switchboard
from sms.models import Link, Message
from sms.transports.base import Inbound, Report
from sms.worker.line import Line
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
