"""What an edge is told: where it listens, as whom, and how patient it is."""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Final

from sms.transports.sip.flow import WS, Flow
from sms.transports.sip.guard import Allowance
from sms.transports.sip.transaction import Timers

_ANY: Final = ("0.0.0.0", "::", "")  # noqa: S104  # compared with, not listened on
_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class SipSettings:
    """One edge. Fields are named as the columns of the table they come from, where they do."""

    name: str
    host: str
    """Where it listens."""
    port: int = 5060
    """For UDP and TCP."""
    ws_port: int | None = None
    """For WebSocket; None for none."""
    public_host: str = ""
    """What clients are told as our address, where a NAT stands before us; empty: `host`."""
    window_size: int = 200
    """Messages that it takes before the first is answered."""

    domain: str = "localhost"
    """Realm of the passwords, and what follows the @ in addresses."""
    secret: bytes = field(default=b"", repr=False)
    """Seals nonces; the same for all edges and over restarts."""
    waits_for_clients: bool = False
    """A message to a client that is away waits for it to register."""

    trusted: tuple[str, ...] = ()
    """Networks of our own proxies, which have checked the passwords of whom they name."""

    def means_this_edge(self, host: str) -> bool:
        """Say whether a host in an address stands for this edge."""
        named = (self.domain, self.public_host, self.host, *_LOCAL_NAMES)
        if host in {name.lower() for name in named if name}:
            return True
        return self.host in _ANY and _is_address(host)

    def vouches(self, flow: Flow) -> bool:
        """Say whether a proxy of ours is at the other end."""
        if flow.transport == WS:  # a browser, whose address may be what a web proxy says
            return False
        return any(ip_address(flow.host) in ip_network(network) for network in self.trusted)

    def listens_elsewhere(self, other: "SipSettings") -> bool:
        """Say whether these settings need other sockets than those."""
        own = (self.name, self.host, self.port, self.ws_port)
        if own != (other.name, other.host, other.port, other.ws_port):
            return True
        return bool(self.public_host) and self.public_host != other.public_host


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient it is, and what it bears."""

    timers: Timers = field(default_factory=Timers)
    answers: Allowance = field(default_factory=lambda: Allowance(burst=1_000, per_s=20.0))
    """To each source, before it has shown a password. A thousand clients may share an address."""
    guesses: Allowance = field(default_factory=lambda: Allowance(burst=100, per_s=10.0))
    """Passwords of one source that turn out wrong; so many right ones may be at work at once."""
    keep_alive_s: float = 25.0
    """A NAT forgets a silent UDP client after 30 s, some say."""
    idle_s: float = 60.0
    """A connection on which nobody has registered is closed after so much silence."""
    unfinished_s: float = 10.0
    """A message that began on a connection has to be whole by then."""
    connections_max: int = 8_000
    strangers_max: int = 500
    """Connections from one address on which nobody has registered."""
    reopen_s: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0)
    """Waits between tries to get the ports."""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
