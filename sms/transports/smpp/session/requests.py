"""Our requests that wait for an answer, found again by their sequence numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from sms.transports.smpp.codec import (
    RESPONSE_BIT,
    DataSm,
    DeliverSm,
    GenericNack,
    Pdu,
    QuerySm,
    SubmitSm,
)

SEQUENCE_MAX = 0x7FFFFFFF
_REMEMBERED_MAX = 50_000
"""A bound for memory: a peer silent at 80 submits a second for ten minutes."""

WINDOWED: tuple[type[Pdu], ...] = (SubmitSm, DeliverSm, DataSm, QuerySm)
"""The requests that the window counts; a probe must pass a full one."""


@dataclass(slots=True, eq=False)
class OpenRequest:
    """A request of ours; its PDU is not kept, so no text is."""

    pdu_class: type[Pdu]
    sequence_number: int
    context: object
    """The caller's; handed back as it came."""
    deadline: float
    written: bool = False
    """`data_to_send` handed it out: the peer may have it."""

    def is_answered_by(self, command_id: int) -> bool:
        """Say whether a command_id is this request's response or a generic_nack."""
        return command_id in (self.pdu_class.command_id | RESPONSE_BIT, GenericNack.command_id)


class OpenRequests:
    """Open ones by sequence number, and for a while those given up.

    Both dicts are in the order of their deadlines: a session's requests of one time
    all have the same timeout.
    """

    def __init__(self, *, remember_s: float, first_sequence: int = 1) -> None:
        self._remember_s = remember_s
        self._sequence = first_sequence
        self._open: dict[int, OpenRequest] = {}
        self._given_up: dict[int, tuple[float, OpenRequest]] = {}
        self.windowed = 0

    def __len__(self) -> int:
        return len(self._open)

    def next_sequence(self) -> int:
        """Take a sequence number that no open request has. Source: SMPP 3.4 §3.2."""
        while self._sequence in self._open:
            self._advance()
        number = self._sequence
        self._advance()
        return number

    def _advance(self) -> None:
        self._sequence = self._sequence % SEQUENCE_MAX + 1

    def add(self, request: OpenRequest) -> None:
        """Keep a request until it is answered, expires or is drained."""
        self._given_up.pop(request.sequence_number, None)
        self._open[request.sequence_number] = request
        self.windowed += request.pdu_class in WINDOWED

    def take(self, command_id: int, sequence_number: int) -> OpenRequest | None:
        """Take out the open request that this response answers."""
        request = self._open.get(sequence_number)
        if request is None or not request.is_answered_by(command_id):
            return None
        return self._remove(request)

    def take_late(self, command_id: int, sequence_number: int) -> OpenRequest | None:
        """Take out the request given up that this response answers."""
        _, request = self._given_up.get(sequence_number, (0.0, None))
        if request is None or not request.is_answered_by(command_id):
            return None
        del self._given_up[sequence_number]
        return request

    def expired(self, now: float) -> Iterator[OpenRequest]:
        """Take out the requests whose time is over, oldest first."""
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            yield self._remove(next(iter(self._open.values())))

    def remember(self, request: OpenRequest, now: float) -> None:
        """Keep a request that was given up, for its answer may come late."""
        self._given_up[request.sequence_number] = (now + self._remember_s, request)
        if len(self._given_up) > _REMEMBERED_MAX:
            self._forget_oldest()

    def forget(self, now: float) -> None:
        """Drop what was remembered long enough."""
        while self._given_up and next(iter(self._given_up.values()))[0] <= now:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        del self._given_up[next(iter(self._given_up))]

    def next_deadline(self) -> float | None:
        """Name the moment at which the oldest open request expires."""
        return next((request.deadline for request in self._open.values()), None)

    def drain(self) -> tuple[OpenRequest, ...]:
        """Take out every open request."""
        return tuple(self._remove(request) for request in list(self._open.values()))

    def _remove(self, request: OpenRequest) -> OpenRequest:
        del self._open[request.sequence_number]
        self.windowed -= request.pdu_class in WINDOWED
        return request
