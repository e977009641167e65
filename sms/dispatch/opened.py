"""A message between its claim and its end, as the dispatcher holds it in memory."""

from dataclasses import dataclass, field

from sms.lifecycle import SegmentState
from sms.models import Event
from sms.outbox import Claimed, Deferral, Move, SegmentWrite
from sms.transports.base import Fault, Outbound, Split, TransportError

TELL_TRIES = 20
"""Of so many tries a timeline tells why they were in vain."""

_OTHERS_MAY = frozenset({Fault.PEER, Fault.PACE})


@dataclass(slots=True)
class Open:
    """A claimed message and what is known of its segments."""

    claimed: Claimed
    split: Split
    states: dict[int, SegmentState]
    """By segment number; one that is missing has never left."""
    reference: int | None
    """What joins its parts; None for one of a single part, and until it is given one."""
    in_flight: set[int] = field(default_factory=set)
    errors: list[TransportError] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    """What its timeline says already of why it is not taken."""
    untold: list[str] = field(default_factory=list)
    is_silent: bool = False
    """A segment went unanswered and is sent again: the peer may have it."""

    def defer(self, raw: str) -> None:
        """Note why a segment is not taken: each reason once, and of a long wait no more."""
        if raw not in self.told and self.claimed.attempts < TELL_TRIES:
            self.untold.append(raw)
        self.told.add(raw)

    def refused_elsewhere(self) -> TransportError | None:
        """Return the error for which another link may take it, where none has a part of it."""
        last = self.errors[-1] if self.errors else None
        is_whole = set(self.states.values()) == {SegmentState.DEFERRED} and not self.is_silent
        return last if is_whole and last and last.fault in _OTHERS_MAY else None

    def numbers(self) -> range:
        """Number its segments, from 1 on."""
        return range(1, len(self.split.texts) + 1)

    @property
    def is_recut(self) -> bool:
        """Say whether its parts of an earlier try are not those of today."""
        return bool(self.states) and len(self.states) != len(self.split.texts)

    @property
    def is_over(self) -> bool:
        """Say whether each of its segments has had its answer already."""
        states = self.states.values()
        return bool(states) and SegmentState.SUBMITTING not in states and not self.to_send()

    def to_send(self) -> list[int]:
        """List the segments that the peer does not have and nobody is sending."""
        again = {SegmentState.DEFERRED, None}
        return [
            n for n in self.numbers() if self.states.get(n) in again and n not in self.in_flight
        ]

    def begin_anew(self) -> None:
        """Forget what its parts were: they are others now, and under another reference.

        A peer that was silent may have some of the old ones.
        """
        self.states.clear()
        self.reference = None

    def outbound(self, key: int, number: int) -> Outbound:
        """Write one of its segments as a transport takes it."""
        claimed = self.claimed
        return Outbound(
            key=key,
            sid=claimed.sid,
            sender=claimed.sender,
            recipient=claimed.recipient,
            text=self.split.texts[number - 1],
            encoding=self.split.encoding,
            part=number,
            parts=len(self.split.texts),
            reference=self.reference or 0,
            expires_in_s=claimed.expires_in_s,
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that its link certainly does not have, and that another may take."""

    message_id: int
    error: TransportError
    otherwise: Move | Deferral
    """What becomes of it where none does."""
    attempts: int
    words: tuple[str, ...]
    """What its timeline does not say yet."""


@dataclass(slots=True)
class Unwritten:
    """What happened and is not in the database yet."""

    segments: list[SegmentWrite] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    deferrals: list[Deferral] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    """Messages that another link may take."""
    long: list[int] = field(default_factory=list)
    """Messages of several segments among the moves."""

    def __bool__(self) -> bool:
        return bool(self.segments)
