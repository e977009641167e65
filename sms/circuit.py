"""A circuit per link: opens on errors, tries again after a while, closes by itself.

    closed --too many errors--> open --time--> half open --all probes well--> closed
                                  ^----------------------one error-----------v

Each worker counts the answers of its own connection in memory: while a link is well nothing
is written. What follows is written to the link's Health by compare-and-set, where the other
workers of the link, and everybody who routes, read it.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Least, Now

from sms.lifecycle import CircuitState
from sms.models import Health, Link
from sms.transports.base import Accepted, Fault, OutcomeUnknown, TransportError

logger = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often a worker reads what the others have written."""
PROBING_S = 60.0
"""When the worker whose probes decide counts as gone."""
DOUBLINGS = 4
"""How often the wait doubles while probes fail."""
_OPENINGS_MAX = 1000

Result = Accepted | TransportError | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class Rules:
    """When a circuit opens; the columns of a link tell more."""

    errors: int = 10
    unanswered: int = 5
    percent: int = 50
    window: int = 100
    open_s: int = 30
    probes: int = 3

    @classmethod
    def of(cls, link: Link) -> "Rules":
        """Read a link's."""
        return cls(
            link.circuit_errors,
            link.circuit_unanswered,
            link.circuit_percent,
            link.circuit_window,
            link.circuit_open_s,
            link.circuit_probes,
        )


class Answer(Enum):
    """What an outcome says of the peer."""

    GOOD = "good"
    """It works, whatever it thinks of this message or of our pace."""
    ERROR = "error"
    SILENCE = "silence"


_FAILED_PROBE = {
    Answer.ERROR: "a probe was answered with an error",
    Answer.SILENCE: "a probe was not answered",
}


def answers(results: Iterable[Result]) -> list[Answer]:
    """Say what outcomes that came together say of the peer.

    A line that broke says nothing of what was not written, and is one silence however many
    answers it cost.
    """
    said = [_answer(result) for result in results if _fault(result) is not Fault.LINE]
    broke = any(isinstance(r, OutcomeUnknown) and r.fault is Fault.LINE for r in results)
    return [*said, Answer.SILENCE] if broke else said


def _answer(result: Result) -> Answer:
    if isinstance(result, OutcomeUnknown):
        return Answer.SILENCE
    return Answer.ERROR if _fault(result) is Fault.PEER else Answer.GOOD


def _fault(result: Result) -> Fault | None:
    return None if isinstance(result, Accepted) else result.fault


class Tally:
    """The last answers of a peer. Pure."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self._errors = self._silences = self._bad = 0
        self._last: deque[bool] = deque()

    def add(self, answer: Answer) -> str:
        """Count an answer; return why the circuit opens, or nothing."""
        is_bad = answer is not Answer.GOOD
        self._errors = self._errors + 1 if is_bad else 0
        self._silences = self._silences + 1 if answer is Answer.SILENCE else 0
        self._last.append(is_bad)
        self._bad += is_bad
        if len(self._last) > self._rules.window:
            self._bad -= self._last.popleft()
        return self._reason()

    def _reason(self) -> str:
        rules, window = self._rules, len(self._last)
        if rules.unanswered and self._silences >= rules.unanswered:
            return f"{self._silences} without an answer in a row"
        if rules.errors and self._errors >= rules.errors:
            return f"{self._errors} errors in a row"
        if rules.percent and window >= rules.window and self._bad * 100 >= rules.percent * window:
            return f"{self._bad} errors among the last {window} answers"
        return ""


class Breaker:
    """The circuit of a link, as one of its workers holds it. Used by one thread."""

    def __init__(self, link_id: int, rules: Rules, *, worker: str) -> None:
        self.link_id = link_id
        self._rules = rules
        self._worker = worker
        self._tally = Tally(rules)
        self._state = CircuitState.CLOSED
        self._looked_at = float("-inf")
        self._probes = 0
        """How many more messages may go as probes; of the worker that won the right to."""
        self._good = 0
        self._opens_for = ""
        self._closes = False

    def adopt(self, rules: Rules) -> None:
        """Go by other rules from now on; what was counted by the old ones counts no more."""
        if rules != self._rules:
            self._rules, self._tally = rules, Tally(rules)

    def allowance(self) -> int | None:
        """Say how many messages may be claimed now; None where the circuit sets no bound."""
        if time.monotonic() - self._looked_at >= LOOK_S:
            self._look()
        return None if self._state is CircuitState.CLOSED else self._probes

    @property
    def is_probing(self) -> bool:
        """Say whether this worker's probes decide."""
        return self._state is CircuitState.HALF_OPEN

    def took(self, messages: int) -> None:
        """Hear how many were claimed."""
        self._probes = max(self._probes - messages, 0)

    def count(self, results: Iterable[Result]) -> None:
        """Count outcomes that came together; `settle` writes what follows."""
        for answer in answers(list(results)):
            if self._state is CircuitState.CLOSED:
                self._opens_for = self._opens_for or self._tally.add(answer)
            elif self._state is CircuitState.HALF_OPEN:
                self._judge(answer)

    def settle(self) -> None:
        """Write what follows; where the database is away it stays, for the next time."""
        if self._opens_for:
            self._open(self._opens_for)
            self._opens_for = ""
        elif self._closes:
            self._close()
            self._closes = False

    def _judge(self, answer: Answer) -> None:
        if answer is not Answer.GOOD:
            self._opens_for = self._opens_for or _FAILED_PROBE[answer]
            return
        self._good += 1
        self._closes = self._good >= self._rules.probes and not self._opens_for

    def _look(self) -> None:
        """Read the circuit, and take the right to try it when it is time."""
        row = self._row().values_list("circuit", "prober").first()
        state, prober = row or (CircuitState.CLOSED, "")
        if state != CircuitState.CLOSED and self._win_probes():
            state, prober = CircuitState.HALF_OPEN, self._worker
        if state == CircuitState.HALF_OPEN and prober != self._worker:
            state = CircuitState.OPEN  # another's probes decide
        self._enter(CircuitState(state))
        self._looked_at = time.monotonic()

    def _enter(self, state: CircuitState) -> None:
        if state is CircuitState.OPEN:
            self._probes = 0
        if state is not self._state:
            self._tally.clear()
        self._state = state

    def _row(self) -> QuerySet[Health]:
        return Health.objects.filter(link_id=self.link_id)

    def _win_probes(self) -> bool:
        waiting = self._row().filter(retry_at__lte=Now()).exclude(circuit=CircuitState.CLOSED)
        won = waiting.update(
            circuit=CircuitState.HALF_OPEN,
            prober=self._worker,
            retry_at=Now() + timedelta(seconds=PROBING_S),
            changed_at=Now(),
        )
        if won:
            self._probes = self._rules.probes
            if not self.is_probing:  # else there was little to send, and what went well counts on
                self._good = 0
        return bool(won)

    def _open(self, reason: str) -> None:
        health, _ = Health.objects.get_or_create(link_id=self.link_id)
        wait_s = self._rules.open_s * 2 ** min(health.openings, DOUBLINGS)
        closed = Q(circuit=CircuitState.CLOSED)
        mine = Q(circuit=CircuitState.HALF_OPEN, prober=self._worker)
        won = (
            self._row()
            .filter(closed | mine)
            .update(
                circuit=CircuitState.OPEN,
                reason=reason,
                prober="",
                retry_at=Now() + timedelta(seconds=wait_s),
                openings=Least(F("openings") + 1, _OPENINGS_MAX),
                changed_at=Now(),
            )
        )
        if won:
            logger.warning("link %s: circuit opens for %s s: %s", self._name(), wait_s, reason)
        self._enter(CircuitState.OPEN)

    def _name(self) -> str:
        """Name the link, for the few lines that a circuit writes."""
        return Link.objects.values_list("name", flat=True).get(id=self.link_id)

    def _close(self) -> None:
        mine = self._row().filter(circuit=CircuitState.HALF_OPEN, prober=self._worker)
        won = mine.update(
            circuit=CircuitState.CLOSED,
            reason="",
            prober="",
            retry_at=None,
            openings=0,
            changed_at=Now(),
        )
        if won:
            logger.info("link %s: circuit closes", self._name())
            self._enter(CircuitState.CLOSED)
