"""A transport that accepts and remembers: outcomes are what the test says."""

from collections.abc import Callable, Mapping, Sequence

from sms import text
from sms.errors import ErrorCode
from sms.lifecycle import LinkState
from sms.text import Encoding
from sms.transports.base import (
    Accepted,
    Outbound,
    Outcome,
    Refusal,
    Report,
    Sink,
    Split,
    TransportError,
)

Answer = Callable[[Outbound], Accepted | Exception | None]


class Loopback:
    """Meets `base.Transport`; answers each segment at once by `answer`, or never (None)."""

    def __init__(self, sink: Sink, answer: Answer | None = None, room: int = 100) -> None:
        self.sink = sink
        self.sent: list[Outbound] = []
        self.answered: list[tuple[Report, bool]] = []
        self.refused: dict[int, Refusal] = {}
        self.free = room
        self.is_held = False
        self._answer = answer or accept
        self._open: list[Outbound] = []

    def start(self) -> None:
        self.sink.state(LinkState.UP, "loopback")

    def room(self) -> int:
        return 0 if self.is_held else self.free - len(self._open)

    def in_flight(self) -> int:
        return len(self._open)

    def split(self, body: str, encoding: Encoding) -> Split:
        return Split(encoding, tuple(text.segments(body, encoding)))

    def send(self, batch: Sequence[Outbound]) -> None:
        for outbound in batch:
            self.sent.append(outbound)
            result = self._answer(outbound)
            if result is None:
                self._open.append(outbound)
            else:
                self.sink.outcome(Outcome(outbound.key, result))  # type: ignore[arg-type]

    def hold(self, is_held: bool) -> None:
        self.is_held = is_held

    def adopt(self, settings: object) -> bool:
        return True

    def answer(self, reports: Sequence[Report], *, stored: bool) -> None:
        self.answered += [(report, stored) for report in reports]

    def refuse(self, refusals: Mapping[int, Refusal]) -> None:
        self.refused |= refusals

    def stop(self, *, drain_s: float) -> None:
        lost = TransportError(ErrorCode.UNREACHABLE_CARRIER, permanent=False, raw="stopped")
        for outbound in self._open:
            self.sink.outcome(Outcome(outbound.key, lost))
        self._open.clear()
        self.sink.state(LinkState.STOPPED, "")


def accept(outbound: Outbound) -> Accepted:
    """Accept everything, under an id that follows from its key."""
    return Accepted(remote_id=f"0{outbound.key:X}", remote_key=f"{outbound.key:X}")
