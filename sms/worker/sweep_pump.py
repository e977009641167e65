"""The pump of the sweep: every second, and on its own after everybody else has mended.

It looks for connections to test as well, which are made in threads of their own.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import InterfaceError, OperationalError

from sms import meters, sweep
from sms.worker.pump import Pump
from sms.worker.trials import Trials

logger = logging.getLogger(__name__)

SETTLE_S = 5.0
"""After the database was away, workers get this long to write down what they still know,
before their leases count as abandoned."""
RENEWED_S = 15.0
"""By then every worker that lives has renewed its leases, which it does every 10 s."""

BY_LEASE = (sweep.recover_leases, sweep.release_dead_callbacks)


class SweepPump(Pump):
    """Runs the sweep."""

    def __init__(self) -> None:
        super().__init__("housekeeping")
        self._leases_from = 0.0
        self._clock = sweep.Clock()
        self._trials = Trials(self.worker)
        self._failing: set[Callable[[], int]] = set()
        """Tasks that failed the last time; each is told of once, not every second."""

    def turn(self) -> bool:
        """Run every task once; again at once when one had its hands full."""
        if self._clock.mend() > timedelta(0):
            self._leases_from = time.monotonic() + RENEWED_S
        busiest = 0
        for task in (*sweep.TASKS, self._trials.start):
            if task in BY_LEASE and time.monotonic() < self._leases_from:
                continue
            busiest = max(busiest, self._run_task(task))
        return busiest >= sweep.BATCH

    def _run_task(self, task: Callable[[], int]) -> int:
        """Run a task; a row that it cannot get over must not keep the others from running.

        Raises OperationalError or InterfaceError while the database is away.
        """
        try:
            done = task()
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            meters.TURNS.count(self.name, "failed")
            if task not in self._failing:
                logger.exception("%s: %s failed", self.name, task.__name__)
                self._failing.add(task)
            return 0
        self._failing.discard(task)
        return done

    def failed(self) -> None:
        """Leave leases alone for a while."""
        self._leases_from = max(self._leases_from, time.monotonic() + SETTLE_S)
