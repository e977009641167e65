"""The sending side of one link: claims, marks, hands over, and writes down the answers."""

import logging
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from sms import meters, outbox, wake
from sms.circuit import Breaker, Rules
from sms.dispatch.ends import End, begin_anew, end, ends, finish
from sms.dispatch.opened import Open, Refused, Unwritten
from sms.dispatch.references import refer
from sms.dispatch.reroute import reroute
from sms.dispatch.verdict import answer_word, decide, segment_write
from sms.errors import ErrorCode
from sms.lifecycle import SegmentState
from sms.models import Event, Segment
from sms.outbox import Claimed, Deferral, Mark, SegmentWrite
from sms.receive import settle
from sms.text import Encoding
from sms.transports.base import (
    LateAnswer,
    Outcome,
    OutcomeUnknown,
    Transport,
    TransportError,
)

logger = logging.getLogger(__name__)

_EVENTS = {
    SegmentState.REFUSED: Event.Kind.REFUSED,
    SegmentState.UNANSWERED: Event.Kind.UNANSWERED,
}


class Dispatcher:
    """The sending side of one link in one worker. Used by one thread."""

    def __init__(
        self,
        *,
        link_id: int,
        on_unanswered: str,
        worker: str,
        transport: Transport,
        circuit: Rules | None = None,
    ) -> None:
        self.link_id = link_id
        self.on_unanswered = on_unanswered
        self.worker = worker
        self.transport = transport
        self._breaker = Breaker(link_id, circuit or Rules(), worker=worker)
        self._waiting: dict[int, Open] = {}
        """Claimed, and not handed to the transport yet, in order."""
        self._open: dict[int, Open] = {}
        """Handed over, by message id."""
        self._segments: dict[int, tuple[int, int]] = {}
        """Message id and number of each segment in flight, by segment id."""
        self._unwritten = Unwritten()

    @property
    def held(self) -> list[int]:
        """List the messages whose lease this worker needs."""
        return [*self._waiting, *self._open]

    def adopt(self, *, on_unanswered: str, circuit: Rules) -> None:
        """Go by new settings of the link from now on."""
        self.on_unanswered = on_unanswered
        self._breaker.adopt(circuit)

    @property
    def is_idle(self) -> bool:
        """Say whether every segment that was handed over has had its outcome."""
        return not self._open

    def fill(self) -> bool:
        """Claim, mark and hand over what the transport has room for.

        Returns whether there may be more than it took.
        """
        room = self.transport.room()
        if room <= 0:
            return False
        wanted = room - len(self._waiting)
        allowance = self._breaker.allowance()
        if allowance is not None:
            wanted = min(wanted, allowance)
            if not allowance and self._waiting and not self._breaker.is_probing:
                self.release()  # to where the sweep finds it
        claimed = self._claim(wanted) if wanted > 0 else 0
        self._breaker.took(claimed)
        self._hand_over(room)
        return claimed == wanted and wanted > 0

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Take in outcomes, and what follows from them for their messages; `flush` writes it."""
        touched: dict[int, Open] = {}
        counted = []
        for outcome in outcomes:
            if outcome.key not in self._segments:
                continue  # its lease ran out, it went out again, and was answered twice
            message_id, number = self._segments.pop(outcome.key)
            counted.append(outcome.result)
            message = touched[message_id] = self._open[message_id]
            write = segment_write(outcome, resends=self.on_unanswered == "resend")
            self._unwritten.segments.append(write)
            meters.SUBMITS.count(str(self.link_id), write.state.value, answer_word(outcome))
            message.states[number] = write.state
            message.in_flight.discard(number)
            if isinstance(outcome.result, TransportError):
                message.errors.append(outcome.result)
            if write.state is SegmentState.DEFERRED:
                message.defer(write.answer)
                message.is_silent |= isinstance(outcome.result, OutcomeUnknown)
            if kind := _EVENTS.get(write.state):
                event = Event(message_id=message_id, kind=kind, raw=write.answer)
                self._unwritten.events.append(event)
        self._breaker.count(counted)
        for message_id, message in touched.items():
            if not message.in_flight:
                self._conclude(message_id, message)

    def flush(self) -> None:
        """Write what was taken in. When the database is away it stays, for the next flush."""
        batch = self._unwritten
        if not batch:
            return
        self._breaker.settle()  # first: what is refused because of it asks how the link does
        with transaction.atomic():
            elsewhere = reroute(batch.refused, link_id=self.link_id)
            recorded = outbox.record(
                segments=batch.segments,
                moves=batch.moves + elsewhere.moves,
                deferrals=batch.deferrals + elsewhere.deferrals,
                events=batch.events + elsewhere.events,
                worker=self.worker,
            )
            if batch.long:  # receipts of the first parts may have come before the last answer
                settle(batch.long)
        self._unwritten = Unwritten()
        if recorded.callbacks:
            wake.notify()
        for name in elsewhere.links:
            wake.link(name)

    def note_late(self, answers: Sequence[LateAnswer]) -> None:
        """Note answers to segments that had been given up, in their messages' timelines."""
        owners = Segment.objects.filter(id__in=[answer.key for answer in answers])
        messages = dict(owners.values_list("id", "message_id"))
        given_up = SegmentState.UNANSWERED
        known = [answer for answer in answers if answer.key in messages]
        outbox.record(
            # With the peer's id, so that its receipts too find their way into the timeline.
            segments=[
                SegmentWrite(a.key, given_up, given_up, a.remote_id[:65], a.remote_key[:65])
                for a in known
            ],
            events=[
                Event(
                    message_id=messages[answer.key],
                    kind=Event.Kind.LATE_ANSWER,
                    raw=f"{answer.raw} {answer.remote_id}".strip()[:255],
                )
                for answer in known
            ],
        )

    def renew(self) -> None:
        """Renew the leases of what this worker holds."""
        outbox.renew(self.held, worker=self.worker, lease_s=outbox.LEASE_S)

    def release(self) -> None:
        """Give back what was claimed and not handed over."""
        outbox.release(list(self._waiting), worker=self.worker)
        self._waiting.clear()

    def _claim(self, limit: int) -> int:
        claimed = outbox.claim(
            link_id=self.link_id, worker=self.worker, limit=limit, lease_s=outbox.LEASE_S
        )
        over = ends(claimed)
        ready = [message for message in claimed if message.id not in over]
        earlier = self._earlier([m.id for m in ready if m.attempts])
        opened, broken = self._open_up(ready, earlier)
        end(over | broken, worker=self.worker)
        opened = begin_anew(opened, worker=self.worker)
        finish([message for message in opened if message.is_over], worker=self.worker)
        unfinished = [message for message in opened if not message.is_over]
        refer(unfinished, worker=self.worker)
        self._waiting |= {message.claimed.id: message for message in unfinished}
        return len(claimed)

    def _open_up(
        self, ready: Sequence[Claimed], earlier: Mapping[int, Sequence[Segment]]
    ) -> tuple[list[Open], dict[int, End]]:
        """Make messages ready to be sent; one that cannot be must not hold up the others."""
        opened, broken = [], {}
        for message in ready:
            segments = earlier.get(message.id, ())
            try:
                # A message to a client has no encoding of its own: any text is taken there.
                encoding = Encoding(message.encoding or Encoding.UCS2)
                split = self.transport.split(message.body, encoding)
                states = {s.number: SegmentState(s.state) for s in segments}
            except Exception as error:
                logger.exception("%s cannot be made ready to be sent", message.sid)
                word = f"{type(error).__name__}: {error}"[:255]
                broken[message.id] = End(ErrorCode.UNKNOWN, Event.Kind.BROKEN, word)
            else:
                told = {segment.answer for segment in segments}
                opened.append(Open(message, split, states, message.reference, told=told))
        return opened, broken

    def _earlier(self, message_ids: Sequence[int]) -> dict[int, list[Segment]]:
        earlier: dict[int, list[Segment]] = {}
        rows = Segment.objects.filter(message_id__in=message_ids) if message_ids else []
        for segment in rows:
            earlier.setdefault(segment.message_id, []).append(segment)
        return earlier

    def _hand_over(self, room: int) -> None:
        """Mark and send waiting messages, whole ones, while there is room."""
        taken: list[Open] = []
        for message in self._waiting.values():
            if room <= 0:
                break
            room -= len(message.to_send())
            taken.append(message)
        if not taken:
            return
        for message in taken:
            self._waiting.pop(message.claimed.id)
        self._mark_and_send({message.claimed.id: message for message in taken})

    def _mark_and_send(self, taken: dict[int, Open]) -> None:
        marks = [
            Mark(id_, number) for id_, message in taken.items() for number in message.to_send()
        ]
        # Last: what is marked and then not sent, because a statement failed, ends in 30090.
        marked = outbox.mark(marks, worker=self.worker)
        for row in marked:
            taken[row.message_id].in_flight.add(row.number)
            self._segments[row.id] = (row.message_id, row.number)
        # A message none of whose segments were marked is no longer ours.
        self._open |= {id_: message for id_, message in taken.items() if message.in_flight}
        self.transport.send([taken[row.message_id].outbound(row.id, row.number) for row in marked])

    def _conclude(self, message_id: int, message: Open) -> None:
        self._open.pop(message_id)
        decision = decide(message)
        error = message.refused_elsewhere()
        if error:
            words = tuple(message.untold)
            attempts = message.claimed.attempts
            self._unwritten.refused.append(Refused(message_id, error, decision, attempts, words))
            return
        self._unwritten.events += [
            Event(message_id=message_id, kind=Event.Kind.DEFERRED, raw=w) for w in message.untold
        ]
        if isinstance(decision, Deferral):
            self._unwritten.deferrals.append(decision)
            return
        self._unwritten.moves.append(decision)
        if len(message.split.texts) > 1:
            self._unwritten.long.append(message_id)
