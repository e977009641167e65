"""What a link's transport hands in, from its own thread, for the pump's thread."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sms.lifecycle import LinkState
from sms.transports.base import LateAnswer, Outcome, Report

_T = TypeVar("_T")


@dataclass(slots=True)
class Batch:
    """What came in since the last look."""

    outcomes: list[Outcome] = field(default_factory=list)
    late_answers: list[LateAnswer] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    states: list[tuple[LinkState, str]] = field(default_factory=list)

    def add(self, other: "Batch") -> None:
        """Append what came in later."""
        self.outcomes += other.outcomes
        self.late_answers += other.late_answers
        self.reports += other.reports
        self.states += other.states

    def __bool__(self) -> bool:
        return bool(self.outcomes or self.late_answers or self.reports or self.states)


class Inbox:
    """A `base.Sink`: deques, whose append and popleft need no lock."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._outcomes: deque[Outcome] = deque()
        self._late_answers: deque[LateAnswer] = deque()
        self._reports: deque[Report] = deque()
        self._states: deque[tuple[LinkState, str]] = deque()

    def outcome(self, outcome: Outcome) -> None:
        """Take the outcome of a segment."""
        self._outcomes.append(outcome)
        self._wake()

    def late_answer(self, answer: LateAnswer) -> None:
        """Take an answer that came too late."""
        self._late_answers.append(answer)
        self._wake()

    def report(self, report: Report) -> None:
        """Take a receipt or an inbound message."""
        self._reports.append(report)
        self._wake()

    def state(self, state: LinkState, detail: str) -> None:
        """Hear of a change of the connection."""
        self._states.append((state, detail))
        self._wake()

    def room(self) -> None:
        """Hear that the transport takes more."""
        self._wake()

    def __len__(self) -> int:
        return len(self._outcomes) + len(self._reports)

    def take(self, limit: int) -> Batch:
        """Take up to `limit` of each."""
        return Batch(
            outcomes=_take(self._outcomes, limit),
            late_answers=_take(self._late_answers, limit),
            reports=_take(self._reports, limit),
            states=_take(self._states, limit),
        )


def _take(items: deque[_T], limit: int) -> list[_T]:
    return [items.popleft() for _ in range(min(limit, len(items)))]
