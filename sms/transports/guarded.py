"""A sink that cannot fail its caller: whatever it does, the loop's thread lives on."""

import logging
from collections.abc import Callable

from sms.lifecycle import LinkState
from sms.transports.base import LateAnswer, Outcome, Report, Sink

logger = logging.getLogger(__name__)


class GuardedSink:
    """Meets `base.Sink`."""

    def __init__(self, sink: Sink, name: str) -> None:
        self._sink = sink
        self._name = name

    def outcome(self, outcome: Outcome) -> None:
        """Pass it on."""
        self._tell(lambda: self._sink.outcome(outcome))

    def late_answer(self, answer: LateAnswer) -> None:
        """Pass it on."""
        self._tell(lambda: self._sink.late_answer(answer))

    def report(self, report: Report) -> None:
        """Pass it on, but let a failure through: the peer has to hear that it was not taken."""
        self._sink.report(report)

    def state(self, state: LinkState, detail: str) -> None:
        """Pass it on."""
        self._tell(lambda: self._sink.state(state, detail))

    def room(self) -> None:
        """Pass it on."""
        self._tell(self._sink.room)

    def _tell(self, hand_in: Callable[[], None]) -> None:
        try:
            hand_in()
        except Exception:
            logger.exception("link %s: the sink failed", self._name)
