"""A pump: one thread, one database connection, woken by tasks and by its own clock."""

import logging
import os
import threading
import time
import uuid
from abc import ABC, abstractmethod

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from cpaas.env import DATA_DIR
from cpaas.heartbeat import Heartbeat, beat_file
from sms import meters

logger = logging.getLogger(__name__)

LOOK_S = 1.0
"""A pump looks this often without being woken: delivery goes on without a broker."""
SOON_S = 0.025
ALERT_S = 0.5
"""How long it looks every SOON_S once it was woken or had work: a look costs less than a
wake-up, which a broker carries and Celery makes a task of."""
MEND_S = 1.0
"""How long it waits after the database failed it."""


class Pump(ABC):
    """Moves rows, batch by batch, until it is stopped. Never dies of an error."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.worker = uuid.uuid4().hex
        """Owner of this pump's leases; a new one at every start."""
        self.stopping = threading.Event()
        self._woken = threading.Event()
        self._alert_until = float("-inf")
        # Several workers of this host may serve one queue.
        process = os.environ.get("PROCESS_NAME", name)
        self._heartbeat = Heartbeat(beat_file(DATA_DIR, process))
        self._thread = threading.Thread(target=self._run, name=f"pump {name}", daemon=True)

    @property
    def stands_by(self) -> bool:
        """Say whether another worker does what there is to do now. From any thread."""
        return False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Have it look now. From any thread, and cheap."""
        self._woken.set()

    def heed(self) -> None:
        """Have it follow its orders now; for most that is no more than to look."""
        self.wake()

    def stop(self, timeout_s: float) -> None:
        """Have it finish, and wait for that."""
        self.stopping.set()
        self._woken.set()
        self._thread.join(timeout_s)

    @abstractmethod
    def turn(self) -> bool:
        """Move one batch. Returns whether there may be more to move at once."""

    def finish(self) -> None:  # noqa: B027  # a hook; most need nothing
        """Bring things to an end after the last turn."""

    def failed(self) -> None:  # noqa: B027  # a hook; most need nothing
        """Hear that the database failed a turn."""

    def _run(self) -> None:
        while not self.stopping.is_set():
            more = self._guarded_turn()
            self._heartbeat.beat()
            if not more:
                is_alert = time.monotonic() < self._alert_until
                self._woken.wait(min(SOON_S, LOOK_S) if is_alert else LOOK_S)
            if more or self._woken.is_set():
                self._alert_until = time.monotonic() + ALERT_S
                self._woken.clear()
        try:
            self.finish()
        except Exception:
            logger.exception("%s: did not finish cleanly; the sweep settles the rest", self.name)
        finally:
            self._heartbeat.end()
            connection.close()

    def _guarded_turn(self) -> bool:
        try:
            close_old_connections()
            more = self.turn()
            meters.TURNS.count(self.name, "ok")
            return more
        except (DatabaseError, InterfaceError) as error:
            logger.warning("%s: database: %s", self.name, str(error).strip().split("\n")[0])
            meters.TURNS.count(self.name, "database failed")
            self._mend()
        except Exception:
            logger.exception("%s: a turn failed", self.name)
            meters.TURNS.count(self.name, "failed")
            self._mend()
        return False

    def _mend(self) -> None:
        """Let go of a connection that may be broken, and give the database a moment."""
        connection.close()
        self.failed()
        self.stopping.wait(MEND_S)
