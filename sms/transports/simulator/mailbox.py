"""What one ESME is still owed: deliver_sm that it has not acknowledged."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from sms.transports.smpp.codec import DeliverSm

LIMIT: Final = 100_000
"""Deliveries kept for an ESME that stays away; the oldest goes first."""
MAX_TRIES: Final = 60


@dataclass(slots=True, eq=False)
class Delivery:
    """One deliver_sm, and what became of it so far."""

    pdu: DeliverSm
    is_receipt: bool
    tries: int = 0


class Receiver(Protocol):
    """A bind that takes deliver_sm."""

    def room(self) -> int:
        """Count the deliveries that it would take now."""

    def deliver(self, delivery: Delivery) -> None:
        """Send one; it ends in `Mailbox.settle` or `Mailbox.restore`."""


class Mailbox:
    """Deliveries in the order they came, and the binds that may take them."""

    def __init__(self) -> None:
        self.receivers: list[Receiver] = []
        self.lost = 0
        self._waiting: deque[Delivery] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._waiting)

    def add(self, delivery: Delivery) -> None:
        """Take a delivery and send it on when a bind has room."""
        if len(self._waiting) >= LIMIT:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(delivery)
        self.flush()

    def restore(self, delivery: Delivery) -> None:
        """Take back what was sent and not acknowledged; it comes before everything else."""
        if delivery.tries >= MAX_TRIES:
            self.lost += 1
        else:
            self._waiting.appendleft(delivery)

    def flush(self) -> None:
        """Send what waits, to the binds with most room first."""
        while self._waiting and self.receivers:
            receiver = max(self.receivers, key=lambda receiver: receiver.room())
            if receiver.room() <= 0:
                return
            delivery = self._waiting.popleft()
            delivery.tries += 1
            receiver.deliver(delivery)
