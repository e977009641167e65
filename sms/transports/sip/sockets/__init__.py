"""The edge's sockets, all in one loop: whole messages come out, with the flow each came by.

lobby.py    who is connected, and how many more may be
udp.py      datagrams, each a message
tcp.py      connections that carry messages one after the other
web.py      browsers: SIP over WebSocket
address.py  IPv4, IPv6, or both at once

Source: RFC 3261 §18, RFC 7118.
"""

import asyncio
import errno
import socket

from sms.transports.sip.flow import UDP, Flow
from sms.transports.sip.settings import Policy, SipSettings
from sms.transports.sip.sockets.address import listener, spelt_for
from sms.transports.sip.sockets.lobby import Lobby, Owner
from sms.transports.sip.sockets.tcp import Tcp
from sms.transports.sip.sockets.udp import Udp
from sms.transports.sip.sockets.web import WebServer

__all__ = ["Owner", "Sockets"]


class Sockets:
    """All sockets of an edge. Used in the loop's thread alone."""

    def __init__(
        self, settings: SipSettings, policy: Policy, owner: Owner, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.loop = loop
        self._owner = owner
        self._settings = settings
        self._policy = policy
        self._lobby = Lobby(policy, owner)
        self._datagrams: socket.socket | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._web: WebServer | None = None

    async def open(self) -> str:
        """Open all of them, or none; return where they listen. Raises OSError."""
        host, port = self._settings.host, self._settings.port
        lobby, loop = self._lobby, self.loop
        try:
            self._datagrams = listener(host, port, socket.SOCK_DGRAM)
            self._udp, _ = await loop.create_datagram_endpoint(
                lambda: Udp(self._owner), sock=self._datagrams
            )
            stream = listener(host, port, socket.SOCK_STREAM)
            self._tcp = await loop.create_server(lambda: Tcp(lobby, loop), sock=stream)
            if self._settings.ws_port:
                self._web = WebServer(lobby, loop, keep_alive_s=self._policy.keep_alive_s)
                await self._web.open(host, self._settings.ws_port)
        except OSError:
            await self.close()
            raise
        ws = f", WebSocket {self._settings.ws_port}" if self._settings.ws_port else ""
        return f"{host}: UDP and TCP {port}{ws}"

    def complaint(self, error: OSError) -> str:
        """Say for an operator why they cannot be opened."""
        settings = self._settings
        if error.errno != errno.EADDRINUSE and "in use" not in str(error):
            return str(error)[:200]
        ports = f"{settings.port}" + (f" or {settings.ws_port}" if settings.ws_port else "")
        return f"port {ports} of {settings.host} is taken"

    async def close(self) -> None:
        """Close everything."""
        if self._udp:
            self._udp.abort()
        if self._tcp:
            self._tcp.close()
        self._lobby.close_all()
        if self._web:
            await self._web.close()
        self._udp = self._tcp = self._web = None

    def send(self, flow: Flow, data: bytes) -> bool:
        """Send a message; False when the connection is gone."""
        if flow.transport == UDP:
            if self._udp is None or self._datagrams is None or self._udp.is_closing():
                return False
            self._udp.sendto(data, (spelt_for(self._datagrams, flow.host), flow.port))
            return True
        connection = self._lobby.get(flow)
        if connection is None:
            return False
        connection.write(data)
        return True

    def close_flow(self, flow: Flow) -> None:
        """Close one connection."""
        if connection := self._lobby.get(flow):
            connection.abort()

    def close_idle(self) -> None:
        """Close connections of strangers that say nothing, or never come to an end."""
        self._lobby.close_idle(self.loop.time())
