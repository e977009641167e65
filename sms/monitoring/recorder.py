"""The thread that writes down what a process has counted."""

import logging
import os
import threading
from multiprocessing.util import Finalize

from django.db import DatabaseError, InterfaceError, connection

from sms import meters, outbox

logger = logging.getLogger(__name__)

EVERY_S = 2.0
"""So much is lost when a process is killed."""


class _Recorder:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meters", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(EVERY_S)

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            record()
        record()
        connection.close()


def record() -> None:
    """Write down what was counted; while the database is away it is kept."""
    taken = meters.take()
    try:
        outbox.add_counts(taken)
    except (DatabaseError, InterfaceError) as error:
        logger.info("counts are kept for later: %s", str(error).strip().split("\n")[0])
        meters.put_back(taken)
        connection.close()
    except Exception:  # a fault of ours must not end the thread, or memory would fill
        logger.exception("counts were lost")


_current: _Recorder | None = None


def start() -> None:
    """Start recording in this process; a forked child needs a thread of its own."""
    global _current
    if _current is None or _current.pid != os.getpid():
        _current = _Recorder()
        # Not atexit: the web server's workers are children of multiprocessing, which end
        # without it.
        Finalize(None, stop, exitpriority=1)


def stop() -> None:
    """Write down the rest."""
    global _current
    if _current and _current.pid == os.getpid():
        _current.stop()
        _current = None
