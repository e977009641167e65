"""The pump of the sweep: what one of its tasks meets is not the others' trouble."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError

from sms import sweep
from sms.worker import sweep_pump
from sms.worker.sweep_pump import SweepPump

pytestmark = pytest.mark.django_db


def test_a_task_that_fails_keeps_no_other_from_running(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    outcomes: Iterator[bool] = iter([False, False, True, False])

    def broken() -> int:
        if not next(outcomes):
            raise ValueError("a row of a newer version")
        return 0

    def other() -> int:
        ran.append("other")
        return sweep.BATCH

    monkeypatch.setattr(sweep, "TASKS", (broken, other))
    pump = SweepPump()
    assert [pump.turn() for _ in range(4)] == [True] * 4
    assert len(ran) == 4
    told = [record for record in caplog.records if "broken failed" in record.message]
    assert len(told) == 2  # once, and once more after it had worked


def test_a_database_that_is_away_ends_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> int:
        raise OperationalError("gone")

    monkeypatch.setattr(sweep, "TASKS", (away,))
    with pytest.raises(OperationalError):
        SweepPump().turn()


def test_leases_are_left_alone_while_workers_renew_them_after_a_step_of_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[str] = []

    def by_lease() -> int:
        ran.append("by lease")
        return 0

    steps = iter([timedelta(0), timedelta(hours=1), timedelta(0)])
    monkeypatch.setattr(sweep, "TASKS", (by_lease,))
    monkeypatch.setattr(sweep_pump, "BY_LEASE", (by_lease,))
    monkeypatch.setattr(sweep.Clock, "mend", lambda self: next(steps))
    pump = SweepPump()
    for _ in range(3):
        pump.turn()
    assert ran == ["by lease"]
