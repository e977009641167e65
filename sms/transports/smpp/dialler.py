"""Keeps one bound connection to a peer: dials, binds, waits when it is lost, dials again."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from sms.lifecycle import LinkState
from sms.transports.smpp.codec import CommandStatus, InvalidField
from sms.transports.smpp.connection import Connection, Owner
from sms.transports.smpp.session import (
    BINDS,
    Answered,
    BindRefused,
    Bound,
    Event,
    Mode,
    PeerAlive,
    RequestReceived,
    Role,
    Session,
    SessionOver,
    State,
    Timers,
)
from sms.transports.smpp.settings import RetryPolicy, SmppSettings
from sms.transports.smpp.status import bind_refusal, status_name
from sms.transports.smpp.tls import client_context, reason_of

logger = logging.getLogger(__name__)

_REFUSALS: Final = frozenset(
    {
        CommandStatus.BIND_FAILED,
        CommandStatus.INVALID_PASSWORD,
        CommandStatus.INVALID_SYSTEM_ID,
        CommandStatus.INVALID_SYSTEM_TYPE,
    }
)
"""What no waiting mends, but an operator."""

_PATIENCE: Final = frozenset({CommandStatus.ALREADY_BOUND, CommandStatus.THROTTLED})
"""What a while mends, and trying again at once makes worse."""

SESSION_STATUSES: Final = _REFUSALS | {
    CommandStatus.ALREADY_BOUND,
    CommandStatus.INVALID_BIND_STATE,
}
"""In the answer to a message: the peer refuses our session, not the message."""

_NEXT_ADDRESS_S: Final = 0.25
"""Until the next address of a host is tried beside the first. Source: RFC 8305 §5."""


class Dialler:
    """One connection of a link, again and again. Everything runs in the loop's thread."""

    def __init__(
        self,
        settings: SmppSettings,
        policy: RetryPolicy,
        *,
        mode: Mode,
        owner: Owner,
        report_state: Callable[[LinkState, str], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.connection: Connection | None = None
        self._settings = settings
        self._policy = policy
        self._mode = mode
        self._owner = owner
        self._report_state = report_state
        self._loop = loop
        self._over: asyncio.Future[str] = loop.create_future()
        self._refused_with: int | None = None
        self._losses = 0
        self._refusals = 0
        self._is_doubtful = False
        """The last session was bound, and then worth nothing; another must prove itself."""
        self._is_suspect = False
        """The last session was bound, and over before the peer said a word on it."""
        self._peer_system_id = ""
        self._bound_at: float | None = None
        """When this session was; and then, whether the peer spoke, and we said that it is up."""
        self._has_spoken = self._is_up = False
        self._is_last = False

    @property
    def is_bound(self) -> bool:
        """Say whether messages may go over it now.

        Many peers that want us no more still take a bind, and hang up. What is written to
        such a one is lost for nobody to know, so after the first time it has to speak first.
        """
        if self.connection is None or self.connection.session.state is not State.BOUND:
            return False
        return self._has_spoken or not self._is_suspect

    def adopt(self, settings: SmppSettings) -> None:
        """Go by new settings on the connection that is there and on the next ones."""
        self._settings = settings
        if self.connection:
            self.connection.session.timers = self._timers()
            self.connection.session.window_size = settings.window_size
            self.connection.wake()

    def dial_no_more(self) -> None:
        """Let the connection that is there be the last one."""
        self._is_last = True

    def reject(self, command_status: int) -> None:
        """End a session that the peer takes no messages on; the next bind comes later."""
        if self.connection:
            self._is_doubtful = True
            self._refused_with = command_status
            self.connection.end(f"session refused: {status_name(command_status)}")

    async def run(self) -> None:
        """Keep connected until cancelled, or until the last connection is over."""
        while not self._is_last:
            reason = await self._one_connection()
            wait_s = self._next_wait_s()
            is_refused = self._refused_with in _REFUSALS
            state = LinkState.REFUSED if is_refused else LinkState.DOWN
            self._report_state(state, f"{reason}; next try in {wait_s:.0f} s")
            await asyncio.sleep(wait_s)

    async def _one_connection(self) -> str:
        """Dial, bind, and say in the end why it ended."""
        self._over = self._loop.create_future()
        self._refused_with = self._bound_at = None
        self._has_spoken = self._is_up = False
        try:
            connection = await self._dial()
            if not self._over.done():  # some peers take the call and hang up at once
                self._bind(connection)
            return await self._over
        except OSError as error:
            return f"cannot connect: {reason_of(error)}"
        except InvalidField as error:
            return f"cannot bind: {error}"
        except Exception:
            logger.exception("link %s: cannot bind", self._settings.name)
            return "cannot bind: internal error"
        finally:
            self._learn()
            if self.connection:
                self.connection.end("abandoned")
                self.connection = None

    def _learn(self) -> None:
        """Learn from a session that is over what to expect of the next one."""
        if self._bound_at is None:
            return
        self._is_suspect = not self._has_spoken
        lasted_s = self._loop.time() - self._bound_at
        if lasted_s >= self._policy.steady_s and not self._is_doubtful:
            self._losses = 0

    async def _dial(self) -> Connection:
        context = client_context(self._settings)
        async with asyncio.timeout(self._policy.connect_timeout_s):
            _, connection = await self._loop.create_connection(
                self._new_connection,
                self._settings.host,
                self._settings.port,
                ssl=context,
                server_hostname=self._settings.tls_name or self._settings.host if context else None,
                happy_eyeballs_delay=_NEXT_ADDRESS_S,
            )
        self.connection = connection
        return connection

    def _new_connection(self) -> Connection:
        session = Session(
            Role.ESME,
            now=self._loop.time(),
            timers=self._timers(),
            window_size=self._settings.window_size,
        )
        return Connection(session, self, self._loop)

    def _timers(self) -> Timers:
        return Timers(
            response_s=self._settings.response_timeout_s,
            enquire_link_s=self._settings.enquire_link_s,
        )

    def _bind(self, connection: Connection) -> None:
        self._report_state(LinkState.BINDING, f"binding as {self._settings.system_id}")
        bind = BINDS[self._mode](
            system_id=self._settings.system_id,
            password=self._settings.password,
            system_type=self._settings.system_type,
            address_range=self._settings.address_range,
        )
        connection.session.request(bind, now=self._loop.time())
        connection.wake()

    def _next_wait_s(self) -> float:
        if self._refused_with in _REFUSALS:
            self._refusals += 1
            return self._policy.after_refusal(self._refusals)
        if self._refused_with in _PATIENCE:
            return self._policy.already_bound_s
        self._losses += 1
        return self._policy.after_loss(self._losses)

    # --- connection.Owner -----------------------------------------------------------

    def before_write(self, connection: Connection) -> None:
        """Pass it on."""
        self._owner.before_write(connection)

    def on_event(self, connection: Connection, event: Event) -> None:
        """Note how the session goes and pass everything on."""
        self._has_spoken |= isinstance(event, _WORDS)
        self._owner.on_event(connection, event)
        if handle := _ON_EVENT.get(type(event)):
            handle(self, connection, event)
        if self.is_bound and not self._is_up:
            self._is_up = True
            self._report_state(LinkState.UP, f"bound to {self._peer_system_id or 'the peer'}")

    def _on_bound(self, connection: Connection, event: Bound) -> None:
        self._bound_at = self._loop.time()
        self._peer_system_id = event.peer_system_id
        if not self._is_doubtful:
            self._refusals = 0
        if self._is_suspect:
            connection.session.probe(self._bound_at)

    def _on_answered(self, connection: Connection, event: Answered) -> None:
        if event.pdu.command_status == CommandStatus.OK:
            self._is_doubtful = False
            self._losses = self._refusals = 0

    def _on_refused(self, connection: Connection, event: BindRefused) -> None:
        self._refused_with = event.command_status
        connection.end(bind_refusal(event.command_status))

    def _on_over(self, connection: Connection, event: SessionOver) -> None:
        if not self._over.done():
            self._over.set_result(event.reason)


_WORDS: Final = (Answered, PeerAlive, RequestReceived)

_ON_EVENT: Final[Mapping[type[Event], Callable[[Dialler, Connection, Any], None]]] = {
    Bound: Dialler._on_bound,
    Answered: Dialler._on_answered,
    BindRefused: Dialler._on_refused,
    SessionOver: Dialler._on_over,
}
