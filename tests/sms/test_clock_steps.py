"""The database's clock is stepped: what is due stays due, and who lives keeps what it has."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import FieldError
from django.db.models.functions import Now

from accounts.models import Account
from sms import outbox, sweep
from sms.models import Callback, Link, Message, Slot
from sms.sweep import Clock
from sms.sweep.clock import _COLUMNS, _Column
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Wrong:
    """A clock of a database, and a monotonic one beside it that runs on as it should."""

    def __init__(self) -> None:
        self.wrong_by = timedelta(0)
        self.passed_s = 1000.0
        self.takes_s = 0.0
        self.clock = Clock(now=self._now, monotonic=lambda: self.passed_s)
        assert self.clock.mend() == timedelta(0)

    def _now(self) -> datetime:
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.passed_s) + self.wrong_by
        self.passed_s += self.takes_s
        return now

    def step(self, by: timedelta) -> timedelta:
        """Step it in the second between two looks; return what the clock makes of it."""
        self.passed_s += 1
        self.wrong_by += by
        return self.clock.mend()


def test_a_step_is_seen_once() -> None:
    wrong = Wrong()
    assert [wrong.step(by) for by in (timedelta(0), HOUR, timedelta(0), -HOUR, timedelta(0))] == [
        timedelta(0),
        HOUR,
        timedelta(0),
        -HOUR,
        timedelta(0),
    ]


def test_a_database_that_takes_its_time_has_not_stepped_its_clock() -> None:
    wrong = Wrong()
    wrong.takes_s = 8.0
    assert wrong.step(timedelta(seconds=-8)) == timedelta(0)


def test_what_failed_half_way_is_done_once(
    make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_message()
    due_at = outbox.now() + 3 * HOUR
    Message.objects.update(due_at=due_at)
    wrong = Wrong()
    with monkeypatch.context() as broken:
        broken.setattr("sms.sweep.clock._COLUMNS", (*_COLUMNS[:1], _Column(Slot, "no such column")))
        with pytest.raises(FieldError):
            wrong.step(-HOUR)
    wrong.step(timedelta(0))
    assert Message.objects.get().due_at == due_at - HOUR


def test_after_a_step_back_what_was_due_is_due(
    make_message: MakeMessage, account: Account, link: Link
) -> None:
    message = make_message()
    Message.objects.update(due_at=Now() + HOUR)
    callback = {"event": Callback.Event.SENT, "status": "sent", "url": "http://a.example/"}
    Callback.objects.create(message=message, account=account, due_at=Now() + HOUR, **callback)
    Wrong().step(-HOUR)
    assert Message.objects.filter(due_at__lte=Now()).exists()
    assert Callback.objects.filter(due_at__lte=Now()).exists()
    assert [m.id for m in outbox.claim(link_id=link.id, worker="one", limit=1, lease_s=30)] == [
        message.id
    ]


def test_after_a_step_back_a_dead_workers_lease_runs_out_as_soon_as_ever(
    make_message: MakeMessage, link: Link
) -> None:
    make_message()
    outbox.claim(link_id=link.id, worker="dead", limit=1, lease_s=outbox.LEASE_S)
    Message.objects.update(locked_until=Now() + HOUR)
    Slot.objects.create(link=link, owner="dead", owned_until=Now() + HOUR)
    Wrong().step(-HOUR)
    soon = Now() + timedelta(seconds=outbox.LEASE_S + 1)
    assert Message.objects.filter(locked_until__lt=soon).exists()
    assert Slot.objects.filter(owned_until__lt=soon).exists()


def test_a_lease_that_was_taken_since_the_step_holds(make_message: MakeMessage, link: Link) -> None:
    make_message()
    Bench(link, "alive", answer=lambda _: None).turn()
    Wrong().step(-HOUR)
    assert sweep.recover_leases() == 0
