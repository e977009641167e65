"""Where sockets listen, and whom they hear: IPv4, IPv6, or both at once."""

import socket
from typing import Final

_BOTH: Final = "::"
_MAPPED: Final = "::ffff:"
"""How a socket for both spells an IPv4 address. Source: RFC 4291 §2.5.5.2."""


def listener(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Open a socket at an address or name of this machine. Raises OSError."""
    flags = socket.AI_PASSIVE
    family, _, _, _, address = socket.getaddrinfo(host or None, port, type=kind, flags=flags)[0]
    own = socket.socket(family, kind)
    try:
        if kind is socket.SOCK_STREAM:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != _BOTH)
        own.bind(address)
        own.setblocking(False)
    except OSError:
        own.close()
        raise
    return own


def plain(host: str) -> str:
    """Spell a peer's address as it is spelt everywhere else."""
    mapped = host.startswith(_MAPPED) and "." in host
    return host.removeprefix(_MAPPED) if mapped else host


def spelt_for(own: socket.socket, host: str) -> str:
    """Spell a peer's address as a socket of ours wants it."""
    return f"{_MAPPED}{host}" if own.family == socket.AF_INET6 and ":" not in host else host
