"""Tell workers that rows wait for them: the only file that names Celery tasks.

A wake-up is a hint. The rows are the queue, and every pump looks by itself each second,
so a wake-up may be lost, doubled or late without harm; it is never waited for.
"""

import logging
import os
import threading
import time
from typing import NamedTuple

from celery import current_app

from sms.models.link import queue_of

logger = logging.getLogger(__name__)

COALESCE_S = 0.25
"""Less than a pump stays alert after a wake-up: while work flows it finds the rest by itself."""
TICK_S = 0.02
EXPIRES_S = 5
BROKER_TIMEOUT_S = 2


def link(name: str) -> None:
    """Wake the worker of a link. Call after commit."""
    _waker().ask(queue_of(name))


def control(name: str) -> None:
    """Have every worker of a link read its orders and settings. Call after commit."""
    _waker().ask(queue_of(name), is_for_all=True)


def pass_on(queue: str, *, hops: int) -> None:
    """Wake another worker of a queue: this one stands by. `hops` counts how often it was passed."""
    _waker().ask(queue, hops=hops)


def notify() -> None:
    """Wake the workers that post callbacks. Call after commit."""
    _waker().ask("notify")


def housekeeping() -> None:
    """Wake the workers that keep house. Call after commit."""
    _waker().ask("housekeeping")


def broker_answers() -> bool:
    """Say whether the broker lets us in, within seconds. Nothing depends on it but speed."""
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_TIMEOUT_S) as broker:
            broker.connect()
            return bool(broker.connected)
    except Exception:  # whatever a broker's client raises
        return False


class _WakeUp(NamedTuple):
    queue: str
    is_for_all: bool
    hops: int


class _Waker:
    """Sends at most one wake-up per queue and COALESCE_S, from a thread of its own.

    The first request goes at once; those that come meanwhile make one more at the end of
    the interval, or the last rows of a burst would wait for their pump's own timer.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._wake_ups: set[_WakeUp] = set()
        self._sent_at: dict[_WakeUp, float] = {}
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._broker_is_down = False
        threading.Thread(target=self._run, name="wake", daemon=True).start()

    def ask(self, queue: str, *, is_for_all: bool = False, hops: int = 0) -> None:
        wake_up = _WakeUp(queue, is_for_all, hops)
        if wake_up in self._wake_ups:  # already asked for, and not yet sent
            return
        with self._lock:
            self._wake_ups.add(wake_up)
        self._asked.set()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            for wake_up in self._due():
                self._send(*wake_up)
            time.sleep(TICK_S)

    def _due(self) -> set[_WakeUp]:
        """Take those whose queue's interval is over; the others are looked at again."""
        now = time.monotonic()
        with self._lock:
            due = {
                wake_up
                for wake_up in self._wake_ups
                if now - self._sent_at.get(wake_up, float("-inf")) >= COALESCE_S
            }
            self._wake_ups -= due
            if self._wake_ups:
                self._asked.set()
        self._sent_at |= dict.fromkeys(due, now)
        return due

    def _send(self, queue: str, is_for_all: bool, hops: int) -> None:
        try:
            if is_for_all:  # a queue's task is taken by one of its workers alone
                current_app.control.broadcast("heed", arguments={"queue": queue})
                return
            args = [queue, hops] if hops else [queue]
            current_app.send_task(
                "sms.wake", args=args, queue=queue, expires=EXPIRES_S, retry=False
            )
        except Exception as error:  # whatever a broker's client raises: the pumps look anyway
            if not self._broker_is_down:
                logger.warning("broker is away, workers go by their own timers: %s", error)
            self._broker_is_down = True
        else:
            self._broker_is_down = False


_current: _Waker | None = None
_starting = threading.Lock()


def _waker() -> _Waker:
    """Return this process's waker; a forked child needs a thread of its own."""
    global _current
    if _current is None or _current.pid != os.getpid():
        with _starting:
            if _current is None or _current.pid != os.getpid():
                _current = _Waker()
    return _current
