"""The states of messages, segments and links; the state machine of a message, all of it.

Stdlib only: transports speak these words too, and Django may not come there.
"""

from collections.abc import Collection
from enum import StrEnum


class Status(StrEnum):
    """Where a message stands. Source: API document, "Status Description"."""

    QUEUED = "queued"
    """Accepted, and waiting: its link is down or a due time lies ahead."""
    SENDING = "sending"
    """Accepted, and on its way to the provider."""
    SENT = "sent"
    """The provider took every segment."""
    FAILED = "failed"
    """Failed on our side, or expired, rejected or deleted by the provider."""
    DELIVERED = "delivered"
    """The handset has every segment."""
    UNDELIVERED = "undelivered"
    """The provider could not reach the handset."""
    RECEIVED = "received"
    """Inbound, and stored."""


class Direction(StrEnum):
    """Who began the message. Source: API document, "SMS Attributes"."""

    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_CALL = "outbound-call"
    OUTBOUND_REPLY = "outbound-reply"


class SegmentState(StrEnum):
    """Where one segment (one submit_sm, one SIP MESSAGE) stands."""

    SUBMITTING = "submitting"
    """Octets may have left; no answer is recorded yet."""
    DEFERRED = "deferred"
    """Certainly not taken by the peer; to be submitted again."""
    ACCEPTED = "accepted"
    """The peer answered with an id of its own."""
    REFUSED = "refused"
    """The peer answered that it will never take it."""
    UNANSWERED = "unanswered"
    """The octets left and no answer came: whether the peer has it is unknown."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


class LinkState(StrEnum):
    """Where a link's connection stands."""

    DOWN = "down"
    """Not connected; it tries again by itself."""
    BINDING = "binding"
    UP = "up"
    REFUSED = "refused"
    """The peer refused us; it is tried again, but an operator should look."""
    PAUSED = "paused"
    """Connected and receiving; sends nothing, by an operator's order."""
    DRAINING = "draining"
    """Waits for the answers that are due, then says good-bye; sends nothing new."""
    DRAINED = "drained"
    """Not connected, by an operator's order."""
    STANDBY = "standing-by"
    """Its worker waits for a slot to become free."""
    STOPPED = "stopped"


class CircuitState(StrEnum):
    """Whether messages go to a link that is connected."""

    CLOSED = "closed"
    """They do."""
    OPEN = "open"
    """Too many errors: none do for a while."""
    HALF_OPEN = "half-open"
    """A few are sent, to see."""


class LinkMode(StrEnum):
    """What an operator wants of a link that is enabled."""

    RUN = "run"
    PAUSE = "pause"
    """Stay connected and receive, but send nothing."""
    DRAIN = "drain"
    """Wait for the answers that are due, then disconnect and stay away."""


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.SENDING: frozenset({Status.QUEUED, Status.SENT, Status.FAILED}),
    Status.QUEUED: frozenset({Status.SENDING, Status.SENT, Status.FAILED}),
    Status.SENT: frozenset({Status.DELIVERED, Status.UNDELIVERED, Status.FAILED}),
    Status.FAILED: frozenset(),
    Status.DELIVERED: frozenset(),
    Status.UNDELIVERED: frozenset(),
    Status.RECEIVED: frozenset(),
}
"""The only list of moves; every write of a status is guarded by it."""

FINAL = frozenset(status for status, moves in TRANSITIONS.items() if not moves)


def sources(target: Status) -> list[Status]:
    """List the statuses a message may be in when it moves to `target`."""
    return [status for status, moves in TRANSITIONS.items() if target in moves]


_RECEIPT_STATES = {
    Status.DELIVERED: SegmentState.DELIVERED,
    Status.UNDELIVERED: SegmentState.UNDELIVERED,
    Status.FAILED: SegmentState.FAILED,
}


def segment_state(status: Status) -> SegmentState:
    """Translate a receipt's final status into the state of its segment."""
    return _RECEIPT_STATES[status]


def fold(states: Collection[SegmentState]) -> Status | None:
    """Say where a message stands from where its segments stand.

    None while the segments leave it where it is. One refusal, silence or failure
    decides for the whole message; success needs every segment.
    """
    if not states:
        return None
    present = set(states)
    if present & {SegmentState.REFUSED, SegmentState.UNANSWERED, SegmentState.FAILED}:
        return Status.FAILED
    if SegmentState.UNDELIVERED in present:
        return Status.UNDELIVERED
    if present == {SegmentState.DELIVERED}:
        return Status.DELIVERED
    if present <= {SegmentState.ACCEPTED, SegmentState.DELIVERED}:
        return Status.SENT
    return None
