"""Old texts and old messages go, in small batches; nothing else does."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.checks import run_checks
from django.utils import timezone

from sms.lifecycle import Status
from sms.models import Callback, Event, Link, Message, Segment
from sms.sweep import TASKS, retention
from sms.sweep.retention import prune_messages, redact_bodies
from tests.sms.conftest import MakeMessage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def days(settings: LazySettings) -> None:
    settings.RETAIN_BODIES_DAYS = 10
    settings.RETAIN_MESSAGES_DAYS = 30


@pytest.fixture
def make_old(make_message: MakeMessage) -> MakeMessage:
    """Store a finished message of so many days ago, from before there were months by ids."""
    ids = itertools.count(1)

    def make(days: float = 100, **fields: Any) -> Message:
        when = timezone.now() - timedelta(days=days)
        values = {
            "id": next(ids),
            "date_created": when,
            "due_at": None,
            "status": Status.DELIVERED,
            **fields,
        }
        return make_message(**values)

    return make


def bodies() -> list[str]:
    return list(Message.objects.order_by("id").values_list("body", flat=True))


def test_texts_go_when_they_are_old_and_messages_stay(make_old: MakeMessage) -> None:
    make_old(11)
    make_old(9)
    redact_bodies()
    assert bodies() == ["", "Hello"]


def test_messages_go_later_with_all_that_belongs_to_them(make_old: MakeMessage, link: Link) -> None:
    message, kept = make_old(31), make_old(29)
    for each in (message, kept):
        Event.objects.create(message=each, kind="deferred")
        Segment.objects.create(
            message=each, number=1, link=link, state="delivered", submitted_at=timezone.now()
        )
        Callback.objects.create(
            message=each, account=each.account, event=1, status="sent", state="delivered"
        )
    prune_messages()
    assert list(Message.objects.all()) == [kept]
    for model in (Event, Segment, Callback):
        assert model._default_manager.count() == 1


@pytest.mark.parametrize(
    "unfinished",
    [
        {"due_at": timezone.now(), "status": Status.SENDING},
        {
            "due_at": timezone.now(),
            "locked_until": timezone.now(),
            "locked_by": "w",
            "status": Status.SENDING,
        },
    ],
)
def test_what_is_not_finished_keeps_its_text(
    unfinished: dict[str, Any], make_old: MakeMessage
) -> None:
    message = make_old(**unfinished)
    redact_bodies()
    prune_messages()
    assert bodies() == ["Hello"]
    Message.objects.filter(id=message.id).update(
        due_at=None, locked_until=None, locked_by="", status=Status.FAILED
    )
    redact_bodies()
    assert bodies() == [""]


def test_what_a_callback_has_yet_to_tell_stays(make_old: MakeMessage) -> None:
    message = make_old()
    Callback.objects.create(message=message, account=message.account, event=1, status="sent")
    redact_bodies()
    prune_messages()
    assert bodies() == ["Hello"]


def test_a_batch_is_small_and_the_next_goes_on_behind_it(
    make_old: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        make_old()
    left = []
    for _ in range(3):
        redact_bodies()
        left.append(bodies().count("Hello"))
    assert left == [3, 1, 0]
    prune_messages()
    assert Message.objects.count() == 3


def test_by_default_everything_is_kept(make_old: MakeMessage, settings: LazySettings) -> None:
    settings.RETAIN_BODIES_DAYS = settings.RETAIN_MESSAGES_DAYS = 0
    make_old(5000)
    redact_bodies()
    prune_messages()
    assert bodies() == ["Hello"]


def test_the_sweep_does_it() -> None:
    assert {redact_bodies, prune_messages} <= set(TASKS)


def test_a_time_before_now_is_refused(settings: LazySettings) -> None:
    settings.RETAIN_MESSAGES_DAYS = -1
    assert "sms.E005" in [found.id for found in run_checks()]
