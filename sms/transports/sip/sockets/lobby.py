"""Who is connected, and how many more may be."""

import itertools
import secrets
from collections import Counter
from typing import Protocol

from sms.transports.sip.flow import Flow
from sms.transports.sip.guard import source_of
from sms.transports.sip.settings import Policy


class Owner(Protocol):
    """Who the messages are for."""

    def on_message(self, flow: Flow, data: bytes) -> None:
        """Take one whole message."""

    def on_lost(self, flow: Flow) -> None:
        """Hear that a connection is gone."""

    def on_failed(self, reason: str) -> None:
        """Hear that the sockets themselves are gone."""

    def is_known(self, flow: Flow) -> bool:
        """Say whether a client is registered over this connection."""


class Connection(Protocol):
    """One TCP or WebSocket connection."""

    flow: Flow
    heard_at: float

    @property
    def is_between(self) -> bool:
        """Say whether no message has begun that is not whole yet."""

    def write(self, data: bytes) -> None:
        """Send a message."""

    def abort(self) -> None:
        """Close it at once."""


class Lobby:
    """All connections of an edge."""

    def __init__(self, policy: Policy, owner: Owner) -> None:
        self.owner = owner
        self._policy = policy
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._connections: dict[Flow, Connection] = {}
        self._per_host: Counter[str] = Counter()

    def new_flow(self, transport: str, host: str, port: int) -> Flow:
        """Name a new connection."""
        return Flow(transport, host, port, f"{self._run}-{next(self._numbers)}")

    def get(self, flow: Flow) -> Connection | None:
        """Find a connection that is still there."""
        return self._connections.get(flow)

    def admit(self, connection: Connection) -> bool:
        """Take a new connection in; False when there are too many."""
        host = source_of(connection.flow.host)
        if len(self._connections) >= self._policy.connections_max:
            return False
        if self._per_host[host] >= self._policy.strangers_max and self._strangers(host):
            return False
        self._connections[connection.flow] = connection
        self._per_host[host] += 1
        return True

    def leave(self, connection: Connection) -> None:
        """Forget a connection."""
        if self._connections.pop(connection.flow, None) is None:
            return
        host = source_of(connection.flow.host)
        self._per_host[host] -= 1
        if self._per_host[host] <= 0:
            del self._per_host[host]
        self.owner.on_lost(connection.flow)

    def close_idle(self, now: float) -> None:
        """Close connections of strangers that say nothing, or never come to an end."""
        for flow, connection in list(self._connections.items()):
            silent_s = now - connection.heard_at
            unfinished = not connection.is_between and silent_s >= self._policy.unfinished_s
            idle = silent_s >= self._policy.idle_s and not self.owner.is_known(flow)
            if unfinished or idle:
                connection.abort()

    def close_all(self) -> None:
        """Close every connection, without a word to the owner."""
        connections = list(self._connections.values())
        self._connections.clear()
        self._per_host.clear()
        for connection in connections:
            connection.abort()

    def _strangers(self, host: str) -> bool:
        known = self.owner.is_known
        own = (flow for flow in self._connections if source_of(flow.host) == host)
        flows = (flow for flow in own if not known(flow))
        return sum(1 for _ in flows) >= self._policy.strangers_max
