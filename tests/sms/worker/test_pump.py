import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from cpaas.heartbeat import beat_file
from sms.worker import pump
from sms.worker.pump import Pump

PATIENCE_S = 10.0
LONG_S = 60.0


class Scripted(Pump):
    """Calls `script` at each turn, and counts."""

    def __init__(self, script: Callable[[int], bool] = lambda _: False) -> None:
        super().__init__("scripted")
        self.turns = self.failures = 0
        self.is_finished = False
        self._script = script
        self._changed = threading.Condition()

    def turn(self) -> bool:
        with self._changed:
            self.turns += 1
            self._changed.notify_all()
        return self._script(self.turns)

    def failed(self) -> None:
        self.failures += 1

    def finish(self) -> None:
        self.is_finished = True

    def wait_turns(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.turns >= count, PATIENCE_S)

    def is_running(self) -> bool:
        return self._thread.is_alive()


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the pumps of a test leave their heartbeats."""
    monkeypatch.setattr(pump, "DATA_DIR", tmp_path)
    monkeypatch.delenv("PROCESS_NAME", raising=False)
    return tmp_path


@pytest.fixture
def started() -> Iterator[Callable[[Scripted], Scripted]]:
    pumps: list[Scripted] = []

    def start(scripted: Scripted) -> Scripted:
        pumps.append(scripted)
        scripted.start()
        scripted.wait_turns(1)
        return scripted

    yield start
    for each in pumps:
        each.stop(PATIENCE_S)
        assert not each.is_running()


Start = Callable[[Scripted], Scripted]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "LOOK_S", 0.01)
    monkeypatch.setattr(pump, "MEND_S", 0.01)


def test_it_looks_by_its_own_clock(started: Start) -> None:
    started(Scripted()).wait_turns(5)


def test_it_looks_when_it_is_woken(started: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "LOOK_S", LONG_S)
    scripted = started(Scripted())
    for turn in range(2, 10):
        scripted.wake()
        scripted.wait_turns(turn)


def test_after_it_was_woken_it_looks_often_for_a_while(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "LOOK_S", LONG_S)
    monkeypatch.setattr(pump, "SOON_S", 0.001)
    monkeypatch.setattr(pump, "ALERT_S", LONG_S)
    scripted = started(Scripted())
    scripted.wake()
    scripted.wait_turns(5)


def test_it_goes_on_at_once_while_there_is_more(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "LOOK_S", LONG_S)
    started(Scripted(lambda turn: turn < 100)).wait_turns(100)


def test_a_turn_that_fails_does_not_end_it(
    started: Start, caplog: pytest.LogCaptureFixture
) -> None:
    def script(turn: int) -> bool:
        if turn < 3:
            raise ValueError("a fault of ours")
        return False

    scripted = started(Scripted(script))
    scripted.wait_turns(5)
    assert caplog.text.count("ValueError: a fault of ours") == 2  # with its traceback


@pytest.mark.django_db(transaction=True)
def test_after_a_database_error_it_goes_on_with_a_new_connection(
    started: Start, caplog: pytest.LogCaptureFixture
) -> None:
    connections: list[object] = []

    def script(turn: int) -> bool:
        connections.append(connection.connection)
        connection.ensure_connection()
        if turn == 3:
            raise OperationalError("the server went away\nwith details")
        return False

    scripted = started(Scripted(script))
    scripted.wait_turns(6)
    # None at the first turn and after the failure; the same one in between.
    assert [each is None for each in connections[:5]] == [True, False, False, True, False]
    assert connections[1] is connections[2]
    assert scripted.failures == 1
    assert [record.message for record in caplog.records if "database" in record.message] == [
        "scripted: database: the server went away"
    ]


def test_stopping_is_quick_while_it_waits(started: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "LOOK_S", LONG_S)
    scripted = started(Scripted())
    began = time.monotonic()
    scripted.stop(PATIENCE_S)
    assert not scripted.is_running() and scripted.is_finished
    assert time.monotonic() - began < PATIENCE_S / 2


def test_stopping_is_quick_while_it_mends(started: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(turn: int) -> bool:
        raise OperationalError("the database is away")

    monkeypatch.setattr(pump, "MEND_S", LONG_S)
    scripted = started(Scripted(script))
    scripted.stop(PATIENCE_S)
    assert not scripted.is_running() and scripted.is_finished


def test_an_end_that_fails_is_told_and_is_the_end(
    started: Start, caplog: pytest.LogCaptureFixture
) -> None:
    class Clumsy(Scripted):
        def finish(self) -> None:
            raise OperationalError("the database is away")

    clumsy = started(Clumsy())
    clumsy.stop(PATIENCE_S)
    assert not clumsy.is_running()
    assert "did not finish cleanly" in caplog.text


def test_every_pump_owns_its_leases_under_a_name_of_its_own() -> None:
    assert Scripted().worker != Scripted().worker


def test_a_pump_beats_while_it_turns_and_ends_when_it_has_finished(
    data_dir: Path, started: Callable[[Scripted], Scripted]
) -> None:
    scripted = started(Scripted())
    scripted.wake()
    scripted.wait_turns(2)  # the first one has ended, then
    file = beat_file(data_dir, scripted.name)
    assert file.exists()
    scripted.stop(PATIENCE_S)
    assert not file.exists()
