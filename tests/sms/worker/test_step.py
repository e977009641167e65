from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from celery.concurrency.prefork import TaskPool as PreforkPool
from celery.concurrency.solo import TaskPool as SoloPool
from celery.concurrency.thread import TaskPool as ThreadPool
from django.core.exceptions import ImproperlyConfigured

from sms import tasks
from sms.worker import step
from sms.worker.link_pump import LinkPump
from sms.worker.notify_pump import NotifyPump
from sms.worker.pump import Pump
from sms.worker.step import PumpStep, make_pump
from sms.worker.sweep_pump import SweepPump

pytestmark = pytest.mark.django_db(transaction=True)


def worker(pool: type, *queues: str) -> Any:
    """What a Celery worker shows to its boot steps."""
    consumed = SimpleNamespace(consume_from=dict.fromkeys(queues))
    app = SimpleNamespace(amqp=SimpleNamespace(queues=consumed))
    return SimpleNamespace(app=app, pool_cls=pool, hub=None)


@pytest.fixture(autouse=True)
def stopped(transactional_db: None) -> Iterator[None]:  # the last counts are written, too
    yield
    PumpStep(None).stop(None)
    assert step.PUMPS == {}


@pytest.mark.parametrize(
    ("queue", "kind"),
    [
        ("link.acme", LinkPump),
        ("link.a-b", LinkPump),
        ("notify", NotifyPump),
        ("housekeeping", SweepPump),
        ("celery", None),
        ("links", None),
    ],
)
def test_a_queue_has_the_pump_of_its_name(queue: str, kind: type | None) -> None:
    pump = make_pump(queue)
    assert (pump and type(pump)) == kind
    assert pump is None or pump.name == queue


@pytest.mark.parametrize("queues", [("link.acme",), ("celery", "notify")])
def test_prefork_is_refused_where_a_pump_would_run(queues: tuple[str, ...]) -> None:
    parent = worker(PreforkPool, *queues)
    with pytest.raises(ImproperlyConfigured, match="--pool threads"):
        PumpStep(parent).start(parent)
    assert step.PUMPS == {}


def test_prefork_is_fine_for_queues_without_a_pump() -> None:
    parent = worker(PreforkPool, "celery")
    PumpStep(parent).start(parent)
    assert step.PUMPS == {}


@pytest.mark.parametrize("pool", [ThreadPool, SoloPool])
def test_a_worker_runs_the_pumps_of_its_queues_until_it_stops(pool: type) -> None:
    parent = worker(pool, "link.acme", "housekeeping", "celery")
    boot_step = PumpStep(parent)
    boot_step.start(parent)
    pumps = dict(step.PUMPS)
    assert set(pumps) == {"link.acme", "housekeeping"}
    boot_step.stop(parent)
    assert all(pump.stopping.is_set() for pump in pumps.values())
    assert step.PUMPS == {}


def test_a_wake_up_for_a_pump_of_another_process_is_nothing() -> None:
    step.wake("link.elsewhere")


def test_a_wake_up_reaches_its_pump(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = LinkPump("acme")
    monkeypatch.setitem(step.PUMPS, "link.acme", pump)
    step.wake("link.acme")
    assert pump._woken.is_set()
    monkeypatch.delitem(step.PUMPS, "link.acme")


class Idler(Pump):
    """Has nothing to do, and does it here or nowhere."""

    def __init__(self, *, stands_by: bool) -> None:
        super().__init__("link.acme")
        self._stands_by = stands_by
        self.wakes = 0

    @property
    def stands_by(self) -> bool:
        return self._stands_by

    def wake(self) -> None:
        self.wakes += 1

    def turn(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("stands_by", "hops", "passed", "wakes"),
    [
        (False, 0, [], 1),
        (False, 2, [], 1),
        (True, 0, [("link.acme", 1)], 0),
        (True, step.HOPS_MAX - 1, [("link.acme", step.HOPS_MAX)], 0),
        (True, step.HOPS_MAX, [], 1),
    ],
)
def test_a_wake_up_passes_those_that_stand_by(
    monkeypatch: pytest.MonkeyPatch,
    stands_by: bool,
    hops: int,
    passed: list[tuple[str, int]],
    wakes: int,
) -> None:
    pump = Idler(stands_by=stands_by)
    told: list[tuple[str, int]] = []
    monkeypatch.setitem(step.PUMPS, "link.acme", pump)
    monkeypatch.setattr(step, "pass_on", lambda queue, *, hops: told.append((queue, hops)))
    tasks.wake("link.acme", hops)
    assert (told, pump.wakes) == (passed, wakes)
    monkeypatch.undo()
