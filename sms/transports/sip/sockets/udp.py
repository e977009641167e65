"""Datagrams, each a message."""

import asyncio
from typing import Any, Final

from sms.transports.sip.flow import UDP, Flow
from sms.transports.sip.sockets.address import plain
from sms.transports.sip.sockets.lobby import Owner

_SHORTEST: Final = 32
"""Octets; less is no message, but somebody who keeps a NAT open."""


class Udp(asyncio.DatagramProtocol):
    """The UDP socket."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def datagram_received(self, data: bytes, address: tuple[Any, ...]) -> None:
        """Take a datagram; keep-alives and STUN are for the NAT alone, not for us."""
        if len(data) < _SHORTEST or data[0] < 0x20:
            return
        self._owner.on_message(Flow(UDP, plain(address[0]), address[1]), data)

    def error_received(self, error: Exception) -> None:
        """A client that is gone, says its host. Time will tell, as it does without."""

    def connection_lost(self, error: Exception | None) -> None:
        """Tell that it does not work any more."""
        if error is not None:
            self._owner.on_failed(f"the UDP socket is gone: {error}")
