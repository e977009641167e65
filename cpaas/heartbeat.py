"""How a worker says that it works: a file that grows old when it does not, and systemd's word.

Standard library alone, so that asking costs a few hundredths of a second.
"""

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

EVERY_S = 1.0
TOO_OLD_S = 60.0
"""A pump in the middle of a long turn, or one that waits for a slow database, is not dead."""


def beat_file(data_dir: Path, name: str) -> Path:
    """Name the file of a process."""
    return data_dir / "run" / f"{name}.beat"


class Heartbeat:
    """The heart of one pump. Used by its thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beaten = float("-inf")
        self._said = b"READY=1"

    def beat(self) -> None:
        """Say that it works; cheap enough to be called at every turn."""
        now = time.monotonic()
        if now < self._beaten + EVERY_S:
            return
        self._beaten = now
        with suppress(OSError):  # a full disk stops no messages
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
        notify(self._said)
        self._said = b"WATCHDOG=1"

    def end(self) -> None:
        """Say that it has finished."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def notify(state: bytes) -> None:
    """Tell systemd, where it has started us. Source: sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(state, f"\0{address[1:]}" if address.startswith("@") else address)


def age_s(path: Path) -> float | None:
    """Tell how long ago a heart beat, in seconds; None when it never did, or has finished."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return None
