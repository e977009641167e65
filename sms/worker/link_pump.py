"""The pump of one link: holds one of its slots, keeps it as operators want it, and works.

Once a second, and when it is told to, it reads the link's row, its orders among the rest,
and follows: so it does in every worker, on every host, with or without a supervisor.
"""

import logging
import time

from sms import slots
from sms.lifecycle import LinkMode, LinkState
from sms.models import Link, Slot
from sms.models.link import queue_of
from sms.worker.line import Line
from sms.worker.load import LoadMeter
from sms.worker.pump import LOOK_S, Pump

logger = logging.getLogger(__name__)

DRAIN_S = 20.0
FAREWELL_S = 3.0
"""For a line that nothing is in flight on any more."""

_Shown = tuple[LinkState, str]


class LinkPump(Pump):
    """Owns one slot of a link and the line that belongs to it."""

    def __init__(self, link_name: str) -> None:
        super().__init__(queue_of(link_name))
        self.link_name = link_name
        self._slot: Slot | None = None
        self._line: Line | None = None
        self._meter = LoadMeter()
        self._link: Link | None = None
        """As it was at the last look; None while it is disabled."""
        self._leaving = ""
        """Why the line is being closed; empty while it is not."""
        self._told: _Shown | None = None
        self._looked = self._renewed = float("-inf")

    @property
    def stands_by(self) -> bool:
        """Say whether its slot is none of the link's binds. From any thread."""
        slot, link = self._slot, self._link
        return slot is not None and link is not None and slot.number > link.binds

    def heed(self) -> None:
        """Have it look at its link's orders now. From any thread."""
        self._looked = float("-inf")
        self.wake()

    def turn(self) -> bool:
        """Record what came in, follow the orders, then hand over what is due."""
        came = False
        if self._line:
            self._line.gather()
            came = self._line.record()
        if time.monotonic() - self._looked >= LOOK_S:
            self._looked = time.monotonic()
            self._look()
        if self._line is None:
            return False
        self._line.renew()
        self._tell()
        if self._leaving and self._line.is_idle:
            self._close(FAREWELL_S)
            self.heed()
            return True
        return (self._may_send() and self._line.fill()) or came

    def finish(self) -> None:
        """Drain the link and let go of its slot."""
        if self._line:
            self._close(DRAIN_S)
        self._let_go()
        logger.info("%s: closed", self.name)

    # --- what is wanted -----------------------------------------------------------------

    def _look(self) -> None:
        """Read the link's row and its slots, and do what follows from them."""
        self._link = Link.objects.enabled().filter(name=self.link_name).first()
        if not self._keep_slot():
            self._give_up()
        if self._link and self._slot is None:
            self._slot = slots.take(
                link_id=self._link.id, owner=self.worker, binds=self._link.binds
            )
            self._renewed, self._told = time.monotonic(), None
        if self._link and self._slot and self._line is None:
            moved = slots.move_up(self._slot, owner=self.worker, binds=self._link.binds)
            if moved is not self._slot:
                self._slot, self._told = moved, None
        if self._line:
            self._follow(self._line)
        elif self._link is None:
            self._let_go()
        elif not self._reason_to_stay_away():
            self._open(self._link)
        self._tell()

    def _reason_to_stay_away(self) -> str:
        """Say why no line may be open now; empty when one may."""
        if self._link is None:
            return "the link is disabled"
        if self._slot is None or self._slot.number > self._link.binds:
            return "the link has fewer binds now"
        if self._link.mode == LinkMode.DRAIN:
            return "drained, by an operator's order"
        return ""

    def _follow(self, line: Line) -> None:
        """Keep an open line as the link's row wants it."""
        leaving = self._reason_to_stay_away() or self._reason_to_reopen(line)
        if leaving and leaving != self._leaving:
            logger.info("%s: closing: %s", self.name, leaving)
        self._leaving = leaving
        line.hold(bool(leaving) or (self._link is not None and self._link.mode == LinkMode.PAUSE))

    def _reason_to_reopen(self, line: Line) -> str:
        link = self._link
        assert link is not None  # noqa: S101  # or there is a reason to stay away
        if link.id != line.link_id:
            return "the link was made anew"
        if link.generation != line.generation:
            return "binding anew, by an operator's order"
        if not line.adopt(link, tps=self._rate(link)):
            return "its settings changed"
        return ""

    # --- the slot -----------------------------------------------------------------------

    def _keep_slot(self) -> bool:
        """Renew the slot when it is time; False when it is lost, and with it the line."""
        now = time.monotonic()
        if self._slot is None or now - self._renewed < slots.RENEW_S:
            return True
        self._renewed = now
        load = self._line.load() if self._line else slots.IDLE
        if slots.renew(self._slot, owner=self.worker, load=load):
            return True
        self._slot = None
        return False

    def _give_up(self) -> None:
        """Close a line whose slot another worker has taken over."""
        if self._line:
            logger.warning("%s: another worker holds its slot now; closing", self.name)
            self._close(DRAIN_S)

    def _let_go(self) -> None:
        if slot := self._slot:
            slots.release(slot, owner=self.worker)
            self._slot = None

    def _rate(self, link: Link) -> float:
        """Take this slot's part of the link's rate; 0 for no limit, or for not yet."""
        if self._slot is None or not self._is_up:
            return 0.0
        if not link.max_tps and not self._slot.tps:  # nothing to take, and nothing to give back
            return 0.0
        return slots.share(self._slot, owner=self.worker, max_tps=link.max_tps)

    def _may_send(self) -> bool:
        """Say whether the line is up, and its part of the link's rate was given."""
        if self._link is None or self._slot is None or not self._is_up:
            return False
        return not self._link.max_tps or self._slot.tps > 0

    @property
    def _is_up(self) -> bool:
        return self._told is not None and self._told[0] is LinkState.UP

    def _tell(self) -> None:
        """Show operators where the slot stands, when that has changed."""
        shown = self._shown()
        if self._slot is None or shown is None or shown == self._told:
            return
        slots.tell(self._slot, owner=self.worker, state=shown[0], detail=shown[1])
        self._told = shown
        if shown[0] is not LinkState.UP:
            self._slot.tps = 0.0
        else:
            self.heed()  # for its part of the rate

    def _shown(self) -> _Shown | None:
        line = self._line
        if line is None:
            return self._shown_without_line()
        if self._leaving:
            return LinkState.DRAINING, self._leaving
        if line.is_held and line.state is LinkState.UP:
            return LinkState.PAUSED, line.detail
        return line.state, line.detail

    def _shown_without_line(self) -> _Shown | None:
        if self._link is None or self._slot is None:
            return None
        if self._slot.number > self._link.binds:
            return LinkState.STANDBY, slots.STANDS_BY
        if self._link.mode == LinkMode.DRAIN:
            return LinkState.DRAINED, "by an operator's order"
        return None

    # --- the line -----------------------------------------------------------------------

    def _open(self, link: Link) -> None:
        self._leaving = ""
        line = Line(link, worker=self.worker, wake=self.wake, meter=self._meter)
        line.hold(link.mode == LinkMode.PAUSE)
        self._line = line
        line.start()
        logger.info("%s: opening %s:%s", self.name, link.host, link.port)

    def _close(self, drain_s: float) -> None:
        """Close the line; the slot stays."""
        if self._line:
            self._line.close(drain_s=drain_s, meanwhile=self._keep_slot)
            self._line = None
        self._leaving, self._told = "", None
