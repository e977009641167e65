"""When a connection writes: a loop, and no sockets."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from sms.transports.smpp import session as s
from sms.transports.smpp.connection import Connection
from tests.sms.transports.smpp.test_session import answer, pair, submit

WINDOW = 100


class Written(asyncio.Transport):
    """Keeps what is written, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.pieces.append(bytes(data))

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True

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
def connection(loop: asyncio.AbstractEventLoop, written: Written) -> Connection:
    """Give a bound connection whose whole window is in use."""
    ours, _ = pair(window_size=WINDOW)
    connection = Connection(ours, Busy(), loop)
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


def test_what_follows_an_unreadable_pdu_does_not_keep_the_line_open(
    connection: Connection, written: Written, loop: asyncio.AbstractEventLoop
) -> None:
    impossible = b"\x00\x00\x00\x01" + bytes(12)
    connection.data_received(answers(connection, 1) + impossible + answers(connection))
    turn(loop)
    assert written.is_closed and connection.session.state is s.State.CLOSED
