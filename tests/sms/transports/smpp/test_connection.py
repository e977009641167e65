"""When a connection writes: a loop, and no sockets."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from sms.transports.smpp import codec
from sms.transports.smpp import session as s
from sms.transports.smpp.connection import Connection
from tests.sms.transports.smpp.test_codec import deliver_sm
from tests.sms.transports.smpp.test_session import answer, pair, submit

WINDOW = 100


class Written(asyncio.Transport):
    """Keeps what is written, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = 0
        """How often."""

    def write(self, data: Any) -> None:
        self.pieces.append(bytes(data))

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1

    def is_closing(self) -> bool:
        return bool(self.closed)

    def abort(self) -> None:
        self.close()


class Busy:
    """An owner who always has one more message."""

    def __init__(self) -> None:
        self.events: list[s.Event] = []

    def on_event(self, connection: Connection, event: s.Event) -> None:
        self.events.append(event)

    def before_write(self, connection: Connection) -> None:
        while connection.session.window_free:
            submit(connection.session)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(loop, "time", lambda: 0.0)  # as `pair` was bound
    yield loop
    loop.close()


def turn(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(asyncio.sleep(0))


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def owner() -> Busy:
    return Busy()


@pytest.fixture
def connection(loop: asyncio.AbstractEventLoop, written: Written, owner: Busy) -> Connection:
    """Give a bound connection whose whole window is in use."""
    ours, _ = pair(window_size=WINDOW)
    connection = Connection(ours, owner, loop)
    connection.connection_made(written)
    turn(loop)
    assert ours.window_free == 0
    written.pieces.clear()
    return connection


def answers(connection: Connection, count: int = WINDOW) -> bytes:
    """Write the peer's answers to the first of what is open."""
    first = 2  # the bind was 1
    return b"".join(answer(number) for number in range(first, first + count))


def test_window_that_is_answered_at_once_is_in_use_again_before_all_answers_are_read(
    connection: Connection, written: Written, loop: asyncio.AbstractEventLoop
) -> None:
    connection.data_received(answers(connection))
    assert len(written.pieces) > 2
    assert connection.session.window_free < WINDOW / 2
    turn(loop)
    assert connection.session.window_free == 0


def test_few_answers_are_read_before_anything_is_written(
    connection: Connection, written: Written, loop: asyncio.AbstractEventLoop
) -> None:
    connection.data_received(answers(connection, 5))
    assert written.pieces == []
    turn(loop)
    assert len(written.pieces) == 1


def test_nothing_is_written_to_a_peer_that_does_not_read(
    connection: Connection, written: Written, loop: asyncio.AbstractEventLoop
) -> None:
    connection.pause_writing()
    connection.data_received(answers(connection))
    turn(loop)
    assert written.pieces == []
    connection.resume_writing()
    turn(loop)
    assert connection.session.window_free == 0 and written.pieces


def test_what_follows_an_unreadable_pdu_is_not_looked_at(
    connection: Connection, written: Written, loop: asyncio.AbstractEventLoop
) -> None:
    impossible = b"\x00\x00\x00\x01" + bytes(12)
    connection.data_received(answers(connection, 1) + impossible + answers(connection))
    turn(loop)
    assert written.closed == 1 and connection.session.state is s.State.CLOSED
    assert len(written.pieces) == 1, "that it is unreadable, and no more"


def test_peer_that_takes_its_leave_behind_its_answers_is_sent_nothing_more(
    connection: Connection, written: Written, loop: asyncio.AbstractEventLoop
) -> None:
    unbind = codec.encode(codec.Unbind(sequence_number=7))
    connection.data_received(answers(connection) + unbind)
    turn(loop)
    unbind_resp = codec.encode(codec.UnbindResp(sequence_number=7))
    assert written.pieces == [unbind_resp] and written.closed == 1


def test_receipts_behind_the_last_answer_of_a_peer_that_leaves_are_taken(
    connection: Connection, owner: Busy, loop: asyncio.AbstractEventLoop
) -> None:
    unbind = codec.encode(codec.Unbind(sequence_number=7))
    connection.data_received(unbind + answers(connection) + deliver_sm() * 20)
    turn(loop)
    assert sum(isinstance(event, s.RequestReceived) for event in owner.events) == 20


def test_nothing_is_written_to_a_line_that_has_broken_meanwhile(
    connection: Connection, written: Written, loop: asyncio.AbstractEventLoop
) -> None:
    written.close()
    connection.data_received(answers(connection))
    assert written.pieces == [] and connection.session.window_free == WINDOW
