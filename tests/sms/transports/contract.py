"""What every transport must do, whatever it speaks.

A transport's own tests subclass `TransportContract` and give it a peer.
"""

from collections.abc import Sequence
from typing import Protocol

from sms.lifecycle import LinkState
from sms.text import Encoding
from sms.transports.base import (
    Accepted,
    Outbound,
    OutcomeUnknown,
    Transport,
    TransportError,
)
from tests.fakes.sink import RecordingSink


class Peer(Protocol):
    """What the contract needs of the other end; a fixture named `peer` returns one."""

    def connect(self, sink: RecordingSink) -> Transport:
        """Build a transport towards this peer; it is not started yet."""

    def be_silent(self) -> None:
        """Take what comes, but answer no segment any more."""

    def wait_segments(self, count: int) -> None:
        """Wait until so many segments have arrived."""

    def go_away(self) -> None:
        """Cut the line and be unreachable."""

    def come_back(self) -> None:
        """Be reachable again."""

    def report(self) -> None:
        """Send a receipt or a message."""

    def wait_report_answer(self, *, stored: bool) -> None:
        """Wait until the report was answered so."""


def segment(key: int, **fields: object) -> Outbound:
    """Make a segment of one word."""
    values: dict[str, object] = {
        "key": key,
        "sid": f"SM{key:032x}",
        "sender": "15005550006",
        "recipient": "15551234567",
        "text": "hello",
        "encoding": Encoding.GSM,
    }
    return Outbound(**values | fields)  # type: ignore[arg-type]  # the fields of the caller


def segments(count: int) -> list[Outbound]:
    return [segment(key) for key in range(count)]


def keys(sink: RecordingSink) -> list[int]:
    """List the keys that had an outcome, sorted."""
    return sorted(outcome.key for outcome in sink.outcomes)


def fill(transport: Transport, waiting: Sequence[Outbound], sink: RecordingSink) -> None:
    """Send as the pump does: no more than there is room for."""
    while waiting:
        count = transport.room()
        batch, waiting = waiting[:count], waiting[count:]
        transport.send(batch)
        if waiting:
            sink.wait("room", transport.room)


class TransportContract:
    """Tests that any transport passes."""

    def open(self, peer: Peer) -> tuple[Transport, RecordingSink]:
        sink = RecordingSink()
        transport = peer.connect(sink)
        transport.start()
        sink.wait_state(LinkState.UP)
        return transport, sink

    def test_there_is_no_room_before_the_start(self, peer: Peer) -> None:
        transport = peer.connect(RecordingSink())
        assert transport.room() == 0
        transport.stop(drain_s=0)

    def test_there_is_room_once_it_is_up_and_the_sink_hears_of_it(self, peer: Peer) -> None:
        transport, sink = self.open(peer)
        sink.wait("room", lambda: sink.rooms)
        assert transport.room() > 0
        transport.stop(drain_s=0)

    def test_each_segment_has_exactly_one_outcome(self, peer: Peer) -> None:
        transport, sink = self.open(peer)
        fill(transport, segments(100), sink)
        sink.wait_outcomes(100)
        transport.stop(drain_s=1)
        assert keys(sink) == list(range(100))
        assert all(isinstance(outcome.result, Accepted) for outcome in sink.outcomes)

    def test_more_than_there_is_room_for_is_taken_too(self, peer: Peer) -> None:
        transport, sink = self.open(peer)
        transport.send(segments(200))
        assert transport.room() == 0
        sink.wait_outcomes(200)
        transport.stop(drain_s=1)
        assert keys(sink) == list(range(200))

    def test_what_is_sent_while_it_is_down_may_be_tried_again(self, peer: Peer) -> None:
        sink = RecordingSink()
        transport = peer.connect(sink)
        transport.send(segments(3))
        sink.wait_outcomes(3)
        for outcome in sink.outcomes:
            assert isinstance(outcome.result, TransportError)
            assert not outcome.result.permanent
        transport.stop(drain_s=0)

    def test_a_stop_hands_everything_back(self, peer: Peer) -> None:
        transport, sink = self.open(peer)
        peer.be_silent()
        transport.send(segments(50))
        peer.wait_segments(1)
        transport.stop(drain_s=0.1)
        assert keys(sink) == list(range(50))
        kinds = {type(outcome.result) for outcome in sink.outcomes}
        assert kinds <= {OutcomeUnknown, TransportError}
        assert isinstance(sink.result_of(0), OutcomeUnknown)

    def test_a_stop_waits_for_answers(self, peer: Peer) -> None:
        transport, sink = self.open(peer)
        fill(transport, segments(1), sink)
        peer.wait_segments(1)
        transport.stop(drain_s=5)
        assert isinstance(sink.result_of(0), Accepted)
        assert sink.states[-1][0] is LinkState.STOPPED

    def test_after_the_stop_segments_still_have_their_outcome(self, peer: Peer) -> None:
        transport, sink = self.open(peer)
        transport.stop(drain_s=0)
        assert transport.room() == 0
        transport.send(segments(2))
        sink.wait_outcomes(2)
        assert keys(sink) == [0, 1]

    def test_stopping_twice_does_no_harm(self, peer: Peer) -> None:
        transport, _ = self.open(peer)
        transport.stop(drain_s=0)
        transport.stop(drain_s=0)

    def test_a_loss_hands_back_what_was_in_flight_and_it_comes_up_again(self, peer: Peer) -> None:
        transport, sink = self.open(peer)
        peer.be_silent()
        transport.send(segments(50))
        peer.wait_segments(1)
        peer.go_away()
        sink.wait_outcomes(50)
        assert keys(sink) == list(range(50))
        assert transport.room() == 0
        peer.come_back()
        sink.wait_state(LinkState.UP, times=2)
        assert transport.room() > 0
        transport.stop(drain_s=0)

    def test_a_report_is_answered_as_it_was_stored_or_not(self, peer: Peer) -> None:
        transport, sink = self.open(peer)
        for number, stored in enumerate((True, False), start=1):
            peer.report()
            sink.wait_reports(number)
            transport.answer(sink.reports[-1:], stored=stored)
            peer.wait_report_answer(stored=stored)
        transport.stop(drain_s=0)

    def test_an_answer_to_a_report_of_a_line_that_is_gone_is_dropped(self, peer: Peer) -> None:
        transport, sink = self.open(peer)
        peer.report()
        sink.wait_reports(1)
        peer.go_away()
        sink.wait("the loss", lambda: sink.states[-1][0] is LinkState.DOWN)
        peer.come_back()
        sink.wait_state(LinkState.UP, times=2)
        transport.answer(sink.reports, stored=True)
        fill(transport, segments(1), sink)
        sink.wait_outcomes(1)
        transport.stop(drain_s=1)

    def test_a_failing_sink_stops_nothing(self, peer: Peer) -> None:
        sink = FailingSink()
        transport = peer.connect(sink)
        transport.start()
        sink.wait_state(LinkState.UP)
        fill(transport, segments(20), sink)
        sink.wait_outcomes(20)
        peer.report()
        peer.wait_report_answer(stored=False)
        transport.stop(drain_s=1)


class FailingSink(RecordingSink):
    """Remembers, and then fails."""

    def outcome(self, outcome: object) -> None:
        super().outcome(outcome)  # type: ignore[arg-type]
        raise RuntimeError("a sink that fails")

    def report(self, report: object) -> None:
        raise RuntimeError("a sink that fails")

    def room(self) -> None:
        super().room()
        raise RuntimeError("a sink that fails")

    def state(self, state: LinkState, detail: str) -> None:
        super().state(state, detail)
        raise RuntimeError("a sink that fails")
