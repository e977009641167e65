"""Why a message stands where it stands, in words."""

import pytest
from django.utils import timezone

from sms.causes import ADVICE
from sms.errors import ErrorCode
from sms.explain import explain
from sms.lifecycle import SegmentState, Status
from sms.models import Event, Link, Message, Segment
from tests.sms.conftest import MakeMessage

pytestmark = pytest.mark.django_db


def part(message: Message, link: Link, state: SegmentState, **words: str) -> None:
    Segment.objects.create(
        message=message, number=1, link=link, state=state, submitted_at=timezone.now(), **words
    )


def test_every_code_has_advice() -> None:
    assert set(ADVICE) == set(ErrorCode)


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_words(make_message: MakeMessage, status: Status) -> None:
    assert explain(make_message(status=status, due_at=None)).headline


def test_an_event_that_ended_it_is_the_evidence(make_message: MakeMessage) -> None:
    message = make_message(status=Status.FAILED, due_at=None, error_code=30004)
    Event.objects.create(message=message, kind=Event.Kind.DEFERRED, raw="ESME_RTHROTTLED")
    Event.objects.create(message=message, kind=Event.Kind.CANCELLED, raw="by ann")
    told = explain(message)
    assert told.headline == "Message blocked (30004)"
    assert told.evidence == "cancelled by staff: by ann"
    assert told.causes == () and told.advice == ADVICE[ErrorCode.BLOCKED]


def test_a_peers_word_is_translated(make_message: MakeMessage) -> None:
    message = make_message(status=Status.FAILED, due_at=None, error_code=30005)
    raw = "ESME_RINVDSTADR (0x0000000B)"
    Event.objects.create(message=message, kind=Event.Kind.REFUSED, raw=raw)
    told = explain(message)
    assert told.evidence == f"refused for good: {raw}"
    assert told.causes == ("the carrier does not accept the number (ESME_RINVDSTADR)",)


def test_a_receipt_is_quoted(make_message: MakeMessage, link: Link) -> None:
    message = make_message(status=Status.UNDELIVERED, due_at=None, error_code=30003)
    part(message, link, SegmentState.UNDELIVERED, receipt="stat:UNDELIV err:008")
    told = explain(message)
    assert told.evidence == "the carrier's receipt says: stat:UNDELIV err:008"
    assert len(told.causes) == 1 and "UNDELIV" in told.causes[0]


def test_without_evidence_all_causes_are_listed(make_message: MakeMessage) -> None:
    told = explain(make_message(status=Status.FAILED, due_at=None, error_code=30003))
    assert told.evidence == "" and len(told.causes) > 3


def test_what_waits_says_what_for(make_message: MakeMessage) -> None:
    message = make_message(status=Status.QUEUED)
    Event.objects.create(message=message, kind=Event.Kind.DEFERRED, raw="ESME_RTHROTTLED")
    told = explain(message)
    assert told.evidence == "not taken, will be tried again: ESME_RTHROTTLED"
