"""The pump of one link: keeps it open, sends what is due, records what comes back."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from django.db import DatabaseError, InterfaceError, connection

from sms import receive, slots
from sms.circuit import Rules
from sms.dispatch import Dispatcher
from sms.lifecycle import LinkState
from sms.models import Link, Slot
from sms.models.link import queue_of
from sms.switchboard import connect
from sms.transports.base import Inbound, Receipt, Report, Transport
from sms.worker.inbox import Batch, Inbox
from sms.worker.pump import Pump

logger = logging.getLogger(__name__)

BATCH = 500
GATHER_S = 0.02
"""How long it lets answers gather before it records them together."""
ENOUGH = 200
"""Gathered answers that need not wait for more."""
RENEW_S = 10.0
DRAIN_S = 20.0
LAST_WORDS_S = 3.0
"""How long a closed link's last answers are tried to be written."""


class LinkPump(Pump):
    """Owns one slot of a link, its transport and its dispatcher."""

    def __init__(self, link_name: str) -> None:
        super().__init__(queue_of(link_name))
        self.link_name = link_name
        self._inbox = Inbox(self.wake)
        self._slot: Slot | None = None
        self._link: Link | None = None
        self._transport: Transport | None = None
        self._dispatcher: Dispatcher | None = None
        self._taken = Batch()
        """Out of the inbox, and not committed yet."""
        self._renewed_slot = self._renewed = 0.0

    def turn(self) -> bool:
        """Record what came in, then hand over what is due."""
        if self._dispatcher is None and not self._open():
            return False
        self._gather()
        came = self._record()
        if not self._renew():
            self._give_up()
            return False
        assert self._dispatcher is not None  # noqa: S101  # opened above
        return self._dispatcher.fill() or came

    def finish(self) -> None:
        """Drain the link, record its last answers, and give back what was not sent.

        A database that is away for a moment costs no answer and no farewell.
        """
        if self._transport is None:
            return
        closing = threading.Thread(
            target=self._transport.stop, kwargs={"drain_s": DRAIN_S}, daemon=True
        )
        closing.start()
        while closing.is_alive():
            closing.join(GATHER_S)
            self._try(self._wind_up)
        by = time.monotonic() + LAST_WORDS_S
        while self._try(self._wind_up) is not False and time.monotonic() < by:
            pass
        if slot := self._slot:
            self._try(lambda: slots.release(slot, owner=self.worker))
        logger.info("%s: closed", self.name)

    def _wind_up(self) -> bool:
        """Do what a closing link still needs; False when nothing came."""
        assert self._dispatcher is not None  # noqa: S101  # only called on an open link
        self._dispatcher.release()
        self._renew()
        return self._record()

    def _try(self, step: Callable[[], bool | None]) -> bool | None:
        """Do a step that may be repeated; None when the database failed it."""
        try:
            return step()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("%s: database: %s", self.name, str(error).strip().split("\n")[0])
            connection.close()
            time.sleep(GATHER_S)
            return None

    def _open(self) -> bool:
        """Take the link's slot and start its transport; False while another worker has it."""
        link = Link.objects.enabled().filter(name=self.link_name).first()
        if link is None:
            return False
        slot = slots.acquire(link_id=link.id, owner=self.worker)
        if slot is None:
            return False
        self._link, self._slot = link, slot
        # Empty: what an earlier transport left there names nothing of this one's.
        self._inbox, self._taken = Inbox(self.wake), Batch()
        self._renewed_slot = self._renewed = time.monotonic()
        self._transport = connect(link, self._inbox)
        self._dispatcher = Dispatcher(
            link_id=link.id,
            on_unanswered=link.on_unanswered,
            worker=self.worker,
            transport=self._transport,
            circuit=Rules.of(link),
        )
        self._transport.start()
        logger.info("%s: opening %s:%s", self.name, link.host, link.port)
        return True

    def _gather(self) -> None:
        """Let the answers of a busy moment come together; an idle link waits for nothing."""
        until = time.monotonic() + GATHER_S
        while 0 < len(self._inbox) < ENOUGH and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, GATHER_S / 4))

    def _record(self) -> bool:
        """Write down what came in; what the database does not take stays for the next time."""
        assert self._dispatcher is not None  # noqa: S101  # only called on an open link
        taken = self._taken
        taken.add(self._inbox.take(BATCH))
        came = bool(taken)
        outcomes, taken.outcomes = taken.outcomes, []
        self._dispatcher.take(outcomes)
        self._dispatcher.flush()
        if taken.reports:
            self._receive(taken.reports)
            taken.reports = []
        if taken.late_answers:
            self._dispatcher.note_late(taken.late_answers)
            taken.late_answers = []
        if taken.states:
            self._tell(*taken.states[-1])
            taken.states = []
        return came

    def _receive(self, reports: Sequence[Report]) -> None:
        """Commit reports; only then does the peer hear that we have them."""
        assert self._link is not None and self._transport is not None  # noqa: S101
        receipts = [report for report in reports if isinstance(report, Receipt)]
        inbound = [report for report in reports if isinstance(report, Inbound)]
        if receipts:
            receive.receipts(receipts, link_id=self._link.id)
        if inbound:
            receive.inbound(inbound, link_id=self._link.id)
        self._transport.answer(reports, stored=True)

    def _tell(self, state: LinkState, detail: str) -> None:
        if self._slot:  # lost to another worker, it shows the other's line
            slots.tell(self._slot, owner=self.worker, state=state, detail=detail)

    def _renew(self) -> bool:
        """Renew what this worker owns; False when the slot is lost, and with it the link."""
        assert self._dispatcher is not None  # noqa: S101  # only called on an open link
        now = time.monotonic()
        if now - self._renewed >= RENEW_S:
            self._dispatcher.renew()
            self._renewed = now
        if self._slot and now - self._renewed_slot >= slots.RENEW_S:
            if not slots.renew(self._slot, owner=self.worker):
                self._slot = None
            self._renewed_slot = now
        return self._slot is not None

    def _give_up(self) -> None:
        """Close a link whose slot another worker has taken over."""
        logger.warning("%s: another worker holds the link now; closing", self.name)
        self.finish()
        self._transport = self._dispatcher = None
