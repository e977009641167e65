"""A sink that remembers what a transport hands in, and lets a test wait for it."""

import threading
from collections.abc import Callable

from sms.lifecycle import LinkState
from sms.transports.base import LateAnswer, Outcome, Report

PATIENCE_S = 30.0


class RecordingSink:
    """Meets `base.Sink`."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.late_answers: list[LateAnswer] = []
        self.reports: list[Report] = []
        self.states: list[tuple[LinkState, str]] = []
        self.rooms = 0
        self._changed = threading.Condition()

    def outcome(self, outcome: Outcome) -> None:
        with self._changed:
            self.outcomes.append(outcome)
            self._changed.notify_all()

    def late_answer(self, answer: LateAnswer) -> None:
        with self._changed:
            self.late_answers.append(answer)
            self._changed.notify_all()

    def report(self, report: Report) -> None:
        with self._changed:
            self.reports.append(report)
            self._changed.notify_all()

    def state(self, state: LinkState, detail: str) -> None:
        with self._changed:
            self.states.append((state, detail))
            self._changed.notify_all()

    def room(self) -> None:
        with self._changed:
            self.rooms += 1
            self._changed.notify_all()

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds; it is looked at after each thing handed in."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"waited in vain for {what}"

    def wait_outcomes(self, count: int) -> None:
        self.wait(f"{count} outcomes", lambda: len(self.outcomes) >= count)

    def wait_reports(self, count: int) -> None:
        self.wait(f"{count} reports", lambda: len(self.reports) >= count)

    def wait_state(self, state: LinkState, times: int = 1) -> str:
        """Wait until a state was told so many times; return its last detail."""
        self.wait(state, lambda: [told for told, _ in self.states].count(state) >= times)
        return [detail for told, detail in self.states if told is state][times - 1]

    def result_of(self, key: int) -> object:
        """Return the one result of a segment."""
        (result,) = [outcome.result for outcome in self.outcomes if outcome.key == key]
        return result
