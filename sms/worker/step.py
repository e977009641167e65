"""The boot step that gives a Celery worker its pumps."""

import logging
import time
from typing import Any

from celery import bootsteps
from celery.concurrency.prefork import TaskPool as PreforkPool
from django.core.exceptions import ImproperlyConfigured

from sms.monitoring import recorder
from sms.wake import pass_on
from sms.worker.link_pump import LinkPump
from sms.worker.notify_pump import NotifyPump
from sms.worker.pump import Pump
from sms.worker.sweep_pump import SweepPump

logger = logging.getLogger(__name__)

STOP_S = 28.0
"""For all of them together: less than the 30 s after which a supervisor kills."""

TURN_S = 0.5

PUMPS: dict[str, Pump] = {}
"""The pumps of this process, by queue."""


HOPS_MAX = 4
"""How often a wake-up is passed on, where a broker brings it to those that stand by."""


def wake(queue: str, *, hops: int = 0) -> None:
    """Wake the pump of a queue, if this process has it; one that stands by has no use for it.

    A broker gives the wake-ups of a queue to its workers in turn. With a second host for each
    bind every other message waited for the pump's own timer.
    """
    pump = PUMPS.get(queue)
    if pump and pump.stands_by and hops < HOPS_MAX:
        pass_on(queue, hops=hops + 1)
    elif pump:
        pump.wake()


def heed(queue: str) -> None:
    """Have the pump of a queue look at its orders, if this process has it."""
    if pump := PUMPS.get(queue):
        pump.heed()


class PumpStep(bootsteps.StartStopStep):
    """Worker-level, so that a lost broker, which restarts the consumer, leaves links alone."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Hub")

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)

    def start(self, parent: Any) -> None:
        """Start a pump for each queue that has one.

        Raises ImproperlyConfigured under the prefork pool: its children inherit a link
        without the thread that drives it, and would swallow every message.
        """
        wanted = [make_pump(queue) for queue in parent.app.amqp.queues.consume_from]
        pumps = [pump for pump in wanted if pump]
        if pumps and issubclass(parent.pool_cls, PreforkPool):
            raise ImproperlyConfigured("This worker needs --pool threads (or solo), not prefork.")
        if hub := getattr(parent, "hub", None):
            # A signal to stop is seen when the event loop turns; over AMQP an idle one sleeps
            # up to ten seconds.
            hub.call_repeatedly(TURN_S, lambda: None)
        if pumps:
            recorder.start()
        for pump in pumps:
            PUMPS[pump.name] = pump
            pump.start()
            logger.info("%s: pump runs", pump.name)

    def stop(self, parent: Any) -> None:
        """Stop every pump: links are drained and closed."""
        for pump in list(PUMPS.values()):
            pump.stopping.set()
            pump.wake()
        by = time.monotonic() + STOP_S
        for pump in list(PUMPS.values()):
            pump.stop(max(by - time.monotonic(), 0.0))
        PUMPS.clear()
        recorder.stop()

    terminate = stop


def make_pump(queue: str) -> Pump | None:
    """Make the pump that serves a queue; None for a queue without one."""
    if queue.startswith("link."):
        return LinkPump(queue.removeprefix("link."))
    kind = {"notify": NotifyPump, "housekeeping": SweepPump}.get(queue)
    return kind() if kind else None
