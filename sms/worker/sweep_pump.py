"""The pump of the sweep: every second, and on its own after everybody else has mended."""

import time

from sms import sweep
from sms.worker.pump import Pump

SETTLE_S = 5.0
"""After the database was away, workers get this long to write down what they still know,
before their leases count as abandoned."""


class SweepPump(Pump):
    """Runs the sweep."""

    def __init__(self) -> None:
        super().__init__("housekeeping")
        self._leases_from = 0.0

    def turn(self) -> bool:
        """Run every task once; again at once when one had its hands full."""
        busiest = 0
        for task in sweep.TASKS:
            if task is sweep.recover_leases and time.monotonic() < self._leases_from:
                continue
            busiest = max(busiest, task())
        return busiest >= sweep.BATCH

    def failed(self) -> None:
        """Leave leases alone for a while."""
        self._leases_from = time.monotonic() + SETTLE_S
