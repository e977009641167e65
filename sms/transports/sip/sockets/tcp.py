"""Connections that carry messages one after the other. Source: RFC 3261 §18.3."""

import asyncio
import logging
from typing import Final, cast

from sms.transports.sip.fields import Malformed
from sms.transports.sip.flow import TCP, Flow
from sms.transports.sip.framing import PONG, Framer, Ping
from sms.transports.sip.sockets.address import plain
from sms.transports.sip.sockets.lobby import Lobby

logger = logging.getLogger(__name__)

UNSENT_MAX: Final = 1_000_000
"""Octets that may wait for a peer that does not read."""


class Tcp(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, lobby: Lobby, loop: asyncio.AbstractEventLoop) -> None:
        self._lobby = lobby
        self._loop = loop
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self.heard_at = loop.time()
        self.flow = Flow(TCP, "", 0)

    @property
    def is_between(self) -> bool:
        """Say whether no message has begun that is not whole yet."""
        return self._framer.is_between

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Come in, if there is room."""
        self._transport = cast(asyncio.Transport, transport)
        host, port = transport.get_extra_info("peername")[:2]
        self.flow = self._lobby.new_flow(TCP, plain(host), port)
        if not self._lobby.admit(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take octets, and answer pings."""
        if self._framer.is_between:
            self.heard_at = self._loop.time()
        try:
            for item in self._framer.receive_data(data):
                if isinstance(item, Ping):
                    self.write(PONG)
                else:
                    self._lobby.owner.on_message(self.flow, item)
        except Malformed as error:
            logger.info("a connection is closed, its stream cannot be read: %s", error.reason)
            self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Leave."""
        self._lobby.leave(self)

    def write(self, data: bytes) -> None:
        """Send a message."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > UNSENT_MAX:
            self.abort()

    def abort(self) -> None:
        """Close it at once."""
        if self._transport:
            self._transport.abort()
