"""One open link: its transport, its dispatcher, and what goes back and forth between them."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from sms import receive, relay, switchboard
from sms.circuit import Rules
from sms.dispatch import Dispatcher
from sms.lifecycle import LinkState
from sms.models import Link
from sms.slots import Load
from sms.transports.base import Inbound, Receipt, Report
from sms.worker.inbox import Batch, Inbox
from sms.worker.load import LoadMeter

logger = logging.getLogger(__name__)

BATCH = 500
GATHER_S = 0.02
"""How long it lets answers gather before it records them together."""
ENOUGH = 200
"""Gathered answers that need not wait for more."""
RENEW_S = 10.0
LAST_WORDS_S = 3.0
"""How long a closed link's last answers are tried to be written."""


class Line:
    """The connection of one slot, from its opening to its farewell. Used by the pump's thread."""

    def __init__(
        self, link: Link, *, worker: str, wake: Callable[[], None], meter: LoadMeter
    ) -> None:
        self.link_id = link.id
        self.generation = link.generation
        self.state, self.detail = LinkState.DOWN, ""
        """Where the transport said last that it stands."""
        self.is_held = False
        self._name = link.name
        self._meter = meter
        self._inbox = Inbox(wake)
        self._taken = Batch()
        """Out of the inbox, and not committed yet."""
        self._renewed = time.monotonic()
        self._tps = float(link.max_tps)
        self._settings = switchboard.settings_of(link)
        self._transport = switchboard.connect(link.kind, self._settings, self._inbox)
        self._dispatcher = Dispatcher(
            link_id=link.id,
            on_unanswered=link.on_unanswered,
            worker=worker,
            transport=self._transport,
            circuit=Rules.of(link),
        )

    def start(self) -> None:
        """Begin to connect."""
        self._transport.start()

    @property
    def is_idle(self) -> bool:
        """Say whether every segment that was handed over has had its outcome."""
        return self._dispatcher.is_idle

    def adopt(self, link: Link, *, tps: float) -> bool:
        """Go by new settings from now on; False when they need a line opened anew.

        `tps` is its part of the link's rate; 0, where there is a limit, leaves what it has.
        """
        self._dispatcher.adopt(on_unanswered=link.on_unanswered, circuit=Rules.of(link))
        self._tps = tps or min(self._tps or link.max_tps, float(link.max_tps))
        settings = switchboard.settings_of(link, max_tps=self._tps)
        if settings == self._settings:
            return True
        if not self._transport.adopt(settings):
            return False
        self._settings = settings
        return True

    def hold(self, is_held: bool) -> None:
        """Send nothing while held; what has not left goes back to the queue."""
        if is_held != self.is_held:
            self._transport.hold(is_held)
            self.is_held = is_held
        if is_held:
            self._dispatcher.release()

    def fill(self) -> bool:
        """Hand over what is due; says whether there may be more."""
        return self._dispatcher.fill()

    def gather(self) -> None:
        """Let the answers of a busy moment come together; an idle link waits for nothing.

        A carrier that takes a while answers a whole window at once, and then nothing more comes
        before the next one is sent.
        """
        until, seen = time.monotonic() + GATHER_S, 0
        while seen < (came := len(self._inbox)) < ENOUGH and (left := until - time.monotonic()) > 0:
            seen = came
            time.sleep(min(left, GATHER_S / 4))

    def record(self) -> bool:
        """Write down what came in; what the database does not take stays for the next time."""
        taken = self._taken
        taken.add(self._inbox.take(BATCH))
        came = bool(taken)
        outcomes, taken.outcomes = taken.outcomes, []
        self._meter.count(outcomes)
        self._dispatcher.take(outcomes)
        self._dispatcher.flush()
        if taken.reports:
            self._receive(taken.reports)
            taken.reports = []
        if taken.late_answers:
            self._dispatcher.note_late(taken.late_answers)
            taken.late_answers = []
        if taken.states:
            self.state, self.detail = taken.states[-1]
            taken.states = []
        return came

    def _receive(self, reports: Sequence[Report]) -> None:
        """Commit reports; one that cannot be must not hold up the others, and the link with them.

        Storing is idempotent, so what a batch had come to is done once more without harm.
        """
        try:
            self._store(reports)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            if len(reports) > 1:
                for report in reports:
                    self._receive([report])
                return
            logger.exception("link %s: a report could not be stored", self._name)
            self._transport.answer(reports, stored=False)

    def _store(self, reports: Sequence[Report]) -> None:
        """Commit reports; only then does the peer hear that we have them."""
        receipts = [report for report in reports if isinstance(report, Receipt)]
        inbound = [report for report in reports if isinstance(report, Inbound)]
        if receipts:
            receive.receipts(receipts, link_id=self.link_id)
        refused = relay.relay([item for item in inbound if item.login], link_id=self.link_id)
        if carried := [item for item in inbound if not item.login]:
            receive.inbound(carried, link_id=self.link_id)
        if refused:
            self._transport.refuse(refused)
        taken = [report for report in reports if report.token not in refused]
        self._transport.answer(taken, stored=True)

    def load(self) -> Load:
        """Tell how busy it has been since the last time."""
        return self._meter.read(self._transport.in_flight())

    def renew(self) -> None:
        """Renew the leases of the messages in hand, when it is time."""
        now = time.monotonic()
        if now - self._renewed >= RENEW_S:
            self._dispatcher.renew()
            self._renewed = now

    def close(self, *, drain_s: float, meanwhile: Callable[[], object]) -> None:
        """Wait for answers, say good-bye, record the last of them, give back the rest.

        A database that is away for a moment costs no answer and no farewell.
        """
        closing = threading.Thread(
            target=self._transport.stop, kwargs={"drain_s": drain_s}, daemon=True
        )
        closing.start()
        while closing.is_alive():
            closing.join(GATHER_S)
            self._try(self._wind_up)
            self._try(meanwhile)
        by = time.monotonic() + LAST_WORDS_S
        while self._try(self._wind_up) is not False and time.monotonic() < by:
            pass

    def _wind_up(self) -> bool:
        """Do what a closing link still needs; False when nothing came."""
        self._dispatcher.release()
        self.renew()
        return self.record()

    def _try(self, step: Callable[[], object]) -> object:
        """Do a step that may be repeated; None when the database failed it."""
        try:
            return step()
        except (DatabaseError, InterfaceError) as error:
            reason = str(error).strip().split("\n")[0]
            logger.warning("link %s: database: %s", self._name, reason)
            connection.close()
            time.sleep(GATHER_S)
            return None
