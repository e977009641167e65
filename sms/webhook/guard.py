"""Where an outbound connection may lead: public addresses, and what an operator adds.

The address is judged where the socket for it is made, so literals in any spelling and
names that change their mind between two questions meet the same judge. No packet
leaves for an address that is refused.
"""

import asyncio
import re
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

Network = IPv4Network | IPv6Network
Lookup = Callable[[str], Sequence[str]]

# A table of our own: `ipaddress.is_global` differs between patch releases of Python and
# calls multicast, NAT64 and 6to4 global. Source: IANA special-purpose address registries.
REFUSED: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this host, RFC 1122 §3.2.1.3
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122 §3.2.1.3
        "168.63.129.16/32",  # Azure's host agent, public by its number only
        "169.254.0.0/16",  # link-local, RFC 3927; the clouds' metadata services
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved and broadcast, RFC 1112 §4
        # Global unicast is 2000::/3 (RFC 4291 §2.4); these three are all the rest.
        "::/3",
        "4000::/2",
        "8000::/1",
        "2001::/23",  # protocol assignments, Teredo among them, RFC 2928 and RFC 4380
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4 carries an IPv4 address, RFC 3056
        "3fff::/20",  # documentation, RFC 9637
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1

_ALLOWED = re.compile(
    r"(?:(?P<ipv4>[0-9./]+)|\[(?P<ipv6>[0-9A-Fa-f:./]+)\])(?::(?P<port>[0-9]{1,5}))?"
)

# Name servers that never answer must not stop the lookups of everybody else, nor fill
# the loop's default executor, where others do their work.
_LOOKUP_THREADS = 64


@dataclass(frozen=True, slots=True)
class Allowed:
    """A network that an operator lets callbacks into, or one port of it."""

    network: Network
    port: int | None = None
    """None for every port that callbacks may go to anywhere; one that is named may be any."""

    def covers(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Say whether it lets a connection to there pass."""
        if address not in self.network:
            return False
        return port == self.port if self.port is not None else _is_usual(port)


def parse_allowed(text: str) -> Allowed:
    """Read `10.1.0.0/16`, `10.1.0.0/16:8080`, `fd00::/8` or `[fd00::/8]:8080`.

    Raises ValueError, saying why, for anything else.
    """
    found = _ALLOWED.fullmatch(text)
    if found is None:
        return Allowed(ip_network(text))  # IPv6 without a port, or nothing that we know
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"{text!r} names no port from 1 to 65535")
    return Allowed(ip_network(found["ipv4"] or found["ipv6"]), port)


class Refused(OSError):
    """The address or port is not one that callbacks may go to. An OSError for aiohttp's sake."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final
        """Whether it is so wherever the host's name leads."""


class Guard:
    """Judges addresses; `allowed` is what an operator lets through."""

    def __init__(self, allowed: Sequence[Allowed]) -> None:
        self._allowed = tuple(allowed)

    def check(self, host: str, port: int) -> None:
        """Let one address pass.

        Raises Refused for any other.
        """
        address = _effective(host)
        if any(allowed.covers(address, port) for allowed in self._allowed):
            return
        if not _is_usual(port):
            raise Refused(f"port {port} is not allowed", is_final=True)
        if any(address in network for network in REFUSED):
            raise Refused(f"address {host} is not allowed")

    def socket(self, info: AddrInfoType) -> socket.socket:
        """Make the socket for an address about to be connected: aiohttp's `socket_factory`.

        Raises Refused when it may not be connected.
        """
        family, kind, protocol, _, address = info
        self.check(str(address[0]), int(address[1]))
        return socket.socket(family, kind, protocol)


class Names(AbstractResolver):
    """Resolves names in threads of its own; a name with one refused address is refused whole."""

    def __init__(self, guard: Guard, lookup: Lookup) -> None:
        self._guard = guard
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="webhook-names")

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,
    ) -> list[ResolveResult]:
        """Ask for a name's addresses.

        Raises Refused, or OSError when there are none.
        """
        loop = asyncio.get_running_loop()
        addresses = await loop.run_in_executor(self._threads, self._lookup, host)
        if not addresses:
            raise OSError("the name has no address")
        for address in addresses:
            self._guard.check(address, port)
        return [_result(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Wait for nobody: a lookup under way may take as long as its name server likes."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def look_up(name: str) -> list[str]:
    """Ask the system for a name's addresses; blocks.

    Raises OSError when there are none.
    """
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except UnicodeError as error:  # a label too long, or empty
        raise OSError("not a name") from error
    return [str(address[0]) for *_, address in found]


def _is_usual(port: int) -> bool:
    """Say whether callbacks may go to a port: of the web, or of nothing that needs privilege."""
    return port in (80, 443) or port >= 1024


def is_literal(host: str) -> bool:
    """Say whether a URL's host is an address, in any spelling that a system's resolver takes."""
    host = host.removesuffix(".")
    try:
        ip_address(host)
    except ValueError:
        return _is_old_spelling(host)
    return True


def _is_old_spelling(host: str) -> bool:
    """Say whether it is IPv4 in octal, in hexadecimal, or in fewer than four parts."""
    try:
        socket.inet_aton(host)
    except (OSError, ValueError):
        return False
    return True


def _effective(host: str) -> IPv4Address | IPv6Address:
    """Find the address packets end at: IPv4 inside IPv6 is judged as IPv4."""
    try:
        address = ip_address(host)
    except ValueError as error:
        raise Refused(f"{host} is not an address") from error
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address


def _result(name: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=name,
        host=address,
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )
