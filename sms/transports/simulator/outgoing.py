"""What goes to ESMEs: now, when it is due, or when the first of them binds."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable

from sms.transports.simulator.connection import Connection
from sms.transports.simulator.mailbox import Delivery, Mailbox
from sms.transports.simulator.state import Owed


class Outgoing:
    """Every delivery without its acknowledgement. All methods belong to the loop's thread.

    `system_id` gets the messages from handsets until another ESME binds; it may be empty.
    """

    def __init__(self, system_id: str) -> None:
        self._mailboxes: defaultdict[str, Mailbox] = defaultdict(Mailbox)
        self._later: set[Owed] = set()
        self._unaddressed: list[Delivery] = []
        self._receiving_system_id = system_id

    @property
    def unaddressed(self) -> int:
        """How many wait for the first bind."""
        return len(self._unaddressed)

    @property
    def waiting(self) -> int:
        """How many are due and wait for a bind with room."""
        return sum(map(len, self._mailboxes.values())) + self.unaddressed

    @property
    def lost(self) -> int:
        """How many were given up."""
        return sum(mailbox.lost for mailbox in self._mailboxes.values())

    def owed(self) -> list[Owed]:
        """List everything, in the order to send it; what is in flight is not here."""
        waiting = [
            Owed(system_id, delivery)
            for system_id, mailbox in self._mailboxes.items()
            for delivery in mailbox
        ]
        unaddressed = [Owed("", delivery) for delivery in self._unaddressed]
        return [*waiting, *unaddressed, *sorted(self._later, key=lambda owed: owed.due_at)]

    def take_over(self, owed: Iterable[Owed]) -> None:
        """Owe what another run left, without sending anything before it is due."""
        now = time.time()
        for one in owed:
            if one.due_at > now:
                self._wait(one, one.due_at - now)
            elif one.system_id:
                self._mailboxes[one.system_id].add(one.delivery)
            else:
                self._unaddressed.append(one.delivery)

    # --- binds ----------------------------------------------------------------------

    def receive_on(self, connection: Connection) -> None:
        """Use a bind that takes deliveries."""
        mailbox = self._mailboxes[connection.system_id]
        mailbox.receivers.append(connection)
        self._receiving_system_id = connection.system_id
        mailbox.flush()
        self._address()

    def leave(self, connection: Connection) -> None:
        """Use it no more; what waits goes to the others."""
        mailbox = self._mailboxes[connection.system_id]
        mailbox.receivers = [other for other in mailbox.receivers if other is not connection]

    def flush(self, system_id: str) -> None:
        """Send what waits for an ESME that has room again."""
        self._mailboxes[system_id].flush()

    # --- deliveries -----------------------------------------------------------------

    def add(self, system_id: str, delivery: Delivery, *, in_ms: int) -> None:
        """Send a delivery to an ESME in so many milliseconds."""
        owed = Owed(system_id, delivery, time.time() + in_ms / 1000)
        if in_ms:
            self._wait(owed, in_ms / 1000)
        else:  # A timer for each message would cost.
            self._send(owed)

    def add_unaddressed(self, deliveries: Iterable[Delivery]) -> None:
        """Send to the ESME that bound last, or to the first that will."""
        self._unaddressed += deliveries
        self._address()

    def restore(self, system_id: str, deliveries: list[Delivery]) -> None:
        """Take back what was not acknowledged, oldest first, to send it before all else."""
        mailbox = self._mailboxes[system_id]
        for delivery in reversed(deliveries):
            mailbox.restore(delivery)
        mailbox.flush()

    def _wait(self, owed: Owed, wait_s: float) -> None:
        self._later.add(owed)
        asyncio.get_running_loop().call_later(wait_s, self._send, owed)

    def _send(self, owed: Owed) -> None:
        self._later.discard(owed)
        if owed.delivery.tries:
            self.restore(owed.system_id, [owed.delivery])
        else:
            self._mailboxes[owed.system_id].add(owed.delivery)

    def _address(self) -> None:
        if not self._receiving_system_id:
            return
        for delivery in self._unaddressed:
            self._mailboxes[self._receiving_system_id].add(delivery)
        self._unaddressed.clear()
