"""Where a message came from, which is where answers and messages to it go.

A NAT lets in only what comes from the address that its client talks to: so everything
leaves by the registrar's own sockets. Source: RFC 3581, RFC 5626.
"""

from dataclasses import dataclass
from typing import Final

UDP: Final = "UDP"
TCP: Final = "TCP"
WS: Final = "WS"


@dataclass(frozen=True, slots=True)
class Flow:
    """A peer of our UDP socket, or one connection."""

    transport: str
    host: str
    port: int
    connection: str = ""
    """Names a connection among all that this edge ever had; empty for UDP."""

    @property
    def is_reliable(self) -> bool:
        """Say whether octets arrive or the flow breaks."""
        return self.transport != UDP
