"""Connects with a link's settings, once, and writes down what came of it.

In a thread of its own for each test: some carriers let us wait for longer than a sweep may.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from socket import gethostname

from django.db import connection
from django.db.models.functions import Now

from sms import switchboard, trials
from sms.lifecycle import LinkState
from sms.models import ConnectionTest, Link
from sms.transports.base import LateAnswer, Outcome, Report, Transport

logger = logging.getLogger(__name__)

State = ConnectionTest.State

AT_ONCE = 4
CONNECTING_S = 25.0
"""For the line and TLS, and for a bind that is answered late."""
_LEASE = timedelta(seconds=60)

_RESULTS = {LinkState.UP: State.CONNECTED, LinkState.REFUSED: State.REFUSED}
_UNDER_WAY = frozenset({LinkState.BINDING, LinkState.STOPPED})


class Trials:
    """Starts the tests that are due. Used by the pump's thread."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._threads: list[threading.Thread] = []

    def start(self) -> int:
        """Take what is due and begin; settle what others left. Returns how many it took."""
        ConnectionTest.objects.abandoned().update(
            state=State.FAILED, words="the worker that made this test went away", settings=""
        )
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        due = ConnectionTest.objects.due().order_by("asked_at")
        ids = list(due.values_list("pk", flat=True)[: AT_ONCE - len(self._threads)])
        taken = [id_ for id_ in ids if _take(id_)]
        for id_ in taken:
            # Nothing waits for these when the worker stops: a test says that it was left.
            thread = threading.Thread(target=_run, args=(id_,), name="trial", daemon=True)
            self._threads.append(thread)
            thread.start()
        return len(taken)

    def join(self) -> None:
        """Wait for those under way."""
        for thread in self._threads:
            thread.join(CONNECTING_S)


def _take(test_id: int) -> bool:
    return bool(
        ConnectionTest.objects.due()
        .filter(pk=test_id)
        .update(state=State.RUNNING, taken_until=Now() + _LEASE, host=gethostname()[:255])
    )


def _run(test_id: int) -> None:
    """Make one test, whatever it takes, and write down what came of it."""
    try:
        test = ConnectionTest.objects.get(pk=test_id)
        began = time.monotonic()
        try:
            result, words = try_to_connect(trials.read(test))
        except Exception:
            logger.exception("a connection could not be tested")
            result, words = State.FAILED, "the test itself failed; its worker's log says how"
        ConnectionTest.objects.filter(pk=test_id).update(
            state=result,
            words=words[:255],
            took_ms=int((time.monotonic() - began) * 1000),
            settings="",
            taken_until=None,
        )
    finally:
        connection.close()


def try_to_connect(link: Link, *, within_s: float = CONNECTING_S) -> tuple[State, str]:
    """Connect as a link would, and leave; return the result and the peer's words."""
    ear = _Ear()
    ear.transport = switchboard.connect(link.kind, switchboard.settings_of(link), ear)
    ear.transport.start()
    try:
        if not ear.heard.wait(within_s):
            return State.FAILED, "no answer in time"
    finally:
        ear.transport.stop(drain_s=0)
    # What the transport would do next is not what happens.
    return _RESULTS.get(ear.told[0], State.FAILED), ear.told[1].partition("; next try")[0]


@dataclass
class _Ear:
    """A `base.Sink` that hears how the first try ends."""

    heard: threading.Event = field(default_factory=threading.Event)
    told: tuple[LinkState, str] = (LinkState.DOWN, "")
    transport: Transport = field(init=False)

    def state(self, state: LinkState, detail: str) -> None:
        if state not in _UNDER_WAY and not self.heard.is_set():
            self.told = state, detail
            self.heard.set()

    def report(self, report: Report) -> None:
        """Have the peer keep it: it is for the link's own worker."""
        self.transport.answer([report], stored=False)

    def outcome(self, outcome: Outcome) -> None:
        """Hear of nothing, since nothing is sent."""

    def late_answer(self, answer: LateAnswer) -> None:
        """Hear of nothing, since nothing is sent."""

    def room(self) -> None:
        """Have nothing to send."""
