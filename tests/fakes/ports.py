"""Ports for programs that a test starts a moment later."""

import random
import socket

# Below the range that the kernel takes for outgoing connections (32768 on Linux, 49152
# elsewhere): one of those could get the port between our look and the program's start.
_FIRST, _LAST = 20_000, 32_000

# In no order that others would follow, too; and each once: who asks for two needs two.
_ports = random.SystemRandom().sample(range(_FIRST, _LAST), _LAST - _FIRST)


def free_port() -> int:
    """Choose a port on 127.0.0.1 that nobody listens on, and that nobody here was given.

    Raises IndexError when all have been given.
    """
    while True:
        port = _ports.pop()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if _is_free(probe, port):
                return port


def _is_free(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
