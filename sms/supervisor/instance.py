"""One supervisor a DATA_DIR, on ports that are free, after whatever a killed one left."""

import errno
import fcntl
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sms.supervisor.child import Folders, write_pid

SUPERVISOR = "supervisor"
LEFTOVER_GRACE_S = 30.0


class CannotServe(Exception):
    """The instance cannot start, or did not; the text is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port the instance needs, and the setting that moves it."""

    setting: str
    number: int
    host: str = "127.0.0.1"
    kind: socket.SocketKind = socket.SOCK_STREAM


@contextmanager
def only_one(folders: Folders) -> Iterator[None]:
    """Hold the lock of a DATA_DIR, with our pid file beside it.

    Raises CannotServe while another supervisor holds it.
    """
    pid_file = folders.pid_file(SUPERVISOR)
    # Not inherited by children, and let go by the kernel however we end.
    lock = os.open(folders.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        pid = pid_file.read_text().strip() if pid_file.exists() else "unknown"
        raise CannotServe(
            f"An instance runs already in {folders.run.parent} (pid {pid});"
            " stop it first, or set DATA_DIR to another folder."
        ) from None
    try:
        write_pid(pid_file, os.getpid())
        yield
    finally:
        pid_file.unlink(missing_ok=True)
        os.close(lock)


def check_ports(ports: list[Port]) -> None:
    """Make sure that each of them can be had.

    Raises CannotServe for the first that cannot.
    """
    for port in ports:
        if not 1 <= port.number <= 65535:
            raise CannotServe(f"{port.setting} must be a port from 1 to 65535, not {port.number}.")
        family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
        with closing(socket.socket(family, port.kind)) as probe:
            # As the servers do: a connection that lingers from the last run is no obstacle.
            if port.kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((port.host, port.number))
                if port.kind == socket.SOCK_STREAM:
                    probe.listen()
            except (OSError, OverflowError) as error:
                raise CannotServe(_complaint(port, error)) from None


def _complaint(port: Port, error: OSError | OverflowError) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        setting = port.setting.replace("PORT", "HOST")
        return f"{port.host} is not an address of this machine; set {setting} to one that is."
    reasons = {
        errno.EADDRINUSE: "is taken by another program",
        errno.EACCES: "may be used by root alone",
    }
    reason = reasons.get(number or 0, f"cannot be used ({error})")
    return f"Port {port.number} {reason}; set {port.setting} to a free one."


def end_leftovers(
    folders: Folders, say: Callable[[str], None], *, grace_s: float = LEFTOVER_GRACE_S
) -> None:
    """Wait for, and in the end kill, what runs on from a supervisor that was killed."""
    files = [file for file in folders.run.glob("*.pid") if file.stem != SUPERVISOR]
    left = {file: pid for file in files if (pid := _leftover(file, folders))}
    for file, pid in left.items():
        say(f"{file.stem} is left from a supervisor that was killed; ending it (pid {pid})")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while any(_leftover(file, folders) for file in left):
        if time.monotonic() >= deadline:
            for pid in left.values():
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            break
        time.sleep(0.05)
    for file in files:
        file.unlink(missing_ok=True)


def _leftover(file: Path, folders: Folders) -> int | None:
    """Return the pid in a pid file if one of our children runs under it, None otherwise.

    Pids come round again: ours leads its session and writes to its log here.
    """
    with suppress(OSError, ValueError):
        pid = int(file.read_text())
        log = os.stat(f"/proc/{pid}/fd/1")
        ours = folders.log_file(file.stem).stat()
        if os.getsid(pid) == pid and os.path.samestat(log, ours):
            return pid
    return None
