"""A scripted SMSC on 127.0.0.1: the product's session in its other role, in a thread."""

import asyncio
import ssl
import threading
from collections.abc import Callable
from typing import TypeVar

from sms.transports.smpp.codec import (
    Bind,
    Pdu,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    plain_response,
)
from sms.transports.smpp.connection import Connection
from sms.transports.smpp.session import (
    Answered,
    BindRequested,
    Event,
    Mode,
    RequestReceived,
    Role,
    Session,
    SessionOver,
    Timers,
)
from tests.fakes.sink import PATIENCE_S

T = TypeVar("T")
ANY = Mode(0)
Script = Callable[[SubmitSm], Pdu | None]


def accept(pdu: SubmitSm) -> Pdu | None:
    """Take a submit_sm under an id made of its sequence number."""
    return SubmitSmResp(message_id=f"00ab{pdu.sequence_number}")


def say_nothing(pdu: SubmitSm) -> Pdu | None:
    """Leave a submit_sm without an answer."""
    return None


def refuse_with(command_status: int) -> Script:
    """Refuse every submit_sm."""
    return lambda pdu: SubmitSmResp(command_status=command_status)


def line(connection: Connection) -> asyncio.Transport:
    """Return the open line under a connection."""
    assert connection.transport
    return connection.transport


class FakeSmsc:
    """Remembers what comes, answers by its script, does to the line what a test says."""

    def __init__(
        self,
        *,
        bind_status: int = 0,
        on_submit: Script = accept,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.tls = tls
        self.bind_status = bind_status
        self.bind_statuses: dict[str, int] = {}
        """By command, where one kind of bind has another answer than the rest."""
        self.on_submit = on_submit
        self.window_size = 1000
        self.binds: list[Bind] = []
        self.submits: list[SubmitSm] = []
        self.answers: list[Pdu] = []
        self.endings: list[str] = []
        self._changed = threading.Condition()
        self._connections: list[Connection] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "FakeSmsc":
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(0), self._loop).result()
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    async def _listen(self, port: int) -> asyncio.Server:
        return await self._loop.create_server(self._new_connection, self.host, port, ssl=self.tls)

    def _new_connection(self) -> Connection:
        session = Session(
            Role.SMSC,
            now=self._loop.time(),
            timers=Timers(enquire_link_s=0),
            window_size=self.window_size,
        )
        return Connection(session, self, self._loop)

    # --- connection.Owner -----------------------------------------------------------

    def before_write(self, connection: Connection) -> None:
        """Note a connection once it is made; some are lost while they are accepted."""
        if connection not in self._connections:
            self._connections.append(connection)

    def on_event(self, connection: Connection, event: Event) -> None:
        with self._changed:
            self._take(connection, event)
            self._changed.notify_all()

    def _take(self, connection: Connection, event: Event) -> None:
        match event:
            case BindRequested(pdu):
                self.binds.append(pdu)
                status = self.bind_statuses.get(pdu.name, self.bind_status)
                bind_resp = plain_response(pdu.command_id, 0, status)
                connection.session.answer(pdu, bind_resp)
            case RequestReceived(SubmitSm() as pdu):
                self.submits.append(pdu)
                if response := self.on_submit(pdu):
                    connection.session.answer(pdu, response)
            case RequestReceived(pdu):
                connection.session.answer(pdu, QuerySmResp(message_state=2))
            case Answered(_, pdu):
                self.answers.append(pdu)
            case SessionOver(reason):
                self.endings.append(reason)
                self._connections = [kept for kept in self._connections if kept is not connection]

    # --- what a test says -----------------------------------------------------------

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds; it is looked at after each event."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"waited in vain for {what}"

    def wait_submits(self, count: int) -> None:
        self.wait(f"{count} submits", lambda: len(self.submits) >= count)

    def request(self, *pdus: Pdu) -> None:
        """Send requests on the newest connection that is bound to receive."""
        self._on_connection(lambda connection: self._request(connection, pdus), Mode.RECEIVER)

    def _request(self, connection: Connection, pdus: tuple[Pdu, ...]) -> None:
        for pdu in pdus:
            connection.session.request(pdu, now=self._loop.time())
        connection.wake()

    def unbind(self) -> None:
        self.request(Unbind())

    def answer(self, request: Pdu, response: Pdu) -> None:
        """Answer a request that the script left open."""

        def answer(connection: Connection) -> None:
            connection.session.answer(request, response)
            connection.wake()

        self._on_connection(answer, Mode.TRANSMITTER)

    def write(self, octets: bytes) -> None:
        """Write octets that no session would."""
        self._on_connection(lambda connection: line(connection).write(octets))

    def drop(self, mode: Mode = ANY) -> None:
        """Cut the newest connection that is good for `mode`, without a word."""
        self._on_connection(lambda connection: line(connection).abort(), mode)

    def go_away(self) -> None:
        """Stop listening and cut every connection."""

        def go_away() -> None:
            self._server.close()
            for connection in list(self._connections):
                line(connection).abort()

        self._in_loop(go_away)
        self.wait("the end of every connection", lambda: not self._connections)

    def come_back(self) -> None:
        """Listen again, on the same port."""
        listening = self._listen(self.port)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(PATIENCE_S)

    def _on_connection(self, step: Callable[[Connection], T], mode: Mode = ANY) -> T:
        def on_newest() -> T:
            return step([kept for kept in self._connections if mode in kept.session.mode][-1])

        return self._in_loop(on_newest)

    def _in_loop(self, step: Callable[[], T]) -> T:
        async def run() -> T:
            return step()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE_S)
