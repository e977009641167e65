"""A message between its claim and its end, as the dispatcher holds it in memory."""

from dataclasses import dataclass, field

from sms.lifecycle import SegmentState
from sms.models import Event
from sms.outbox import Claimed, Deferral, Move, SegmentWrite
from sms.transports.base import Split, TransportError


@dataclass(slots=True)
class Open:
    """A claimed message and what is known of its segments."""

    claimed: Claimed
    split: Split
    states: dict[int, SegmentState]
    """By segment number; one that is missing has never left."""
    in_flight: set[int] = field(default_factory=set)
    errors: list[TransportError] = field(default_factory=list)

    def numbers(self) -> range:
        """Number its segments, from 1 on."""
        return range(1, len(self.split.texts) + 1)

    @property
    def is_recut(self) -> bool:
        """Say whether its parts of an earlier try are not those of today."""
        return bool(self.states) and len(self.states) != len(self.split.texts)

    def to_send(self) -> list[int]:
        """List the segments that the peer does not have and nobody is sending."""
        again = {SegmentState.DEFERRED, None}
        return [
            n for n in self.numbers() if self.states.get(n) in again and n not in self.in_flight
        ]


@dataclass(slots=True)
class Unwritten:
    """What happened and is not in the database yet."""

    segments: list[SegmentWrite] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    deferrals: list[Deferral] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    long: list[int] = field(default_factory=list)
    """Messages of several segments among the moves."""

    def __bool__(self) -> bool:
        return bool(self.segments)
