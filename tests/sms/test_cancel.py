"""Cancelling what waits, and nothing else."""

import pytest
from auditlog.models import LogEntry
from django.utils import timezone

from sms.cancel import cancel
from sms.lifecycle import Direction, SegmentState, Status
from sms.models import Callback, Event, Link, Message, Segment
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db


def part(message: Message, link: Link, state: SegmentState) -> None:
    Segment.objects.create(
        message=message, number=1, link=link, state=state, submitted_at=timezone.now()
    )


@pytest.mark.parametrize("status", [Status.SENDING, Status.QUEUED])
def test_what_waits_fails_with_30004_and_its_url_is_told(
    bench: Bench, make_message: MakeMessage, status: Status
) -> None:
    message = make_message(status=status)
    assert cancel([message.id], by="ann") == {}
    message.refresh_from_db()
    assert (message.status, message.error_code, message.due_at) == ("failed", 30004, None)
    event = message.events.get()
    assert (event.kind, event.raw) == (Event.Kind.CANCELLED, "by ann")
    assert LogEntry.objects.get(object_repr=message.sid).additional_data["did"] == "cancelled"
    callback = Callback.objects.get()
    assert (callback.status, callback.error_code) == ("failed", 30004)
    bench.turn()
    assert bench.transport.sent == []


def test_what_a_worker_has_is_left_to_it(bench: Bench, make_message: MakeMessage) -> None:
    message = make_message()
    bench.dispatcher.fill()
    assert "a worker is sending it" in cancel([message.id], by="ann")[message.id]
    bench.record()
    assert "carrier has it" in cancel([message.id], by="ann")[message.id]
    message.refresh_from_db()
    assert message.status == Status.SENT


def test_what_no_peer_took_can_be_cancelled_between_two_tries(
    link: Link, make_message: MakeMessage
) -> None:
    message = make_message(status=Status.QUEUED)
    part(message, link, SegmentState.DEFERRED)
    assert cancel([message.id], by="ann") == {}


@pytest.mark.parametrize(
    ("state", "is_pinned"),
    [
        (SegmentState.ACCEPTED, False),
        (SegmentState.SUBMITTING, False),
        (SegmentState.UNANSWERED, False),
        (SegmentState.DEFERRED, True),
    ],
)
def test_what_a_peer_may_have_is_not_cancelled(
    link: Link, make_message: MakeMessage, state: SegmentState, is_pinned: bool
) -> None:
    message = make_message(status=Status.QUEUED, is_pinned=is_pinned)
    part(message, link, state)
    assert cancel([message.id], by="ann") == {
        message.id: "its carrier has a part of it, or may have"
    }
    message.refresh_from_db()
    assert message.status == Status.QUEUED and not message.events.exists()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"status": Status.DELIVERED, "due_at": None}, "it is delivered already"),
        (
            {"status": Status.RECEIVED, "direction": Direction.INBOUND, "due_at": None},
            "it came in; there is nothing to cancel",
        ),
    ],
)
def test_what_is_over_stays_as_it_is(
    make_message: MakeMessage, fields: dict[str, object], why: str
) -> None:
    message = make_message(**fields)
    assert cancel([message.id], by="ann") == {message.id: why}


def test_many_are_cancelled_in_batches(
    make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.cancel.BATCH", 2)
    over = make_message(status=Status.FAILED, due_at=None)
    waiting = [make_message() for _ in range(4)]
    assert set(cancel([over.id, *(m.id for m in waiting)], by="ann")) == {over.id}
    assert Message.objects.filter(status=Status.FAILED).count() == 5
