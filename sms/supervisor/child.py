"""One child process: a session of its own, a pid file, a log file, and death with its parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

LOG_LIMIT_BYTES = 10_000_000

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Stage(IntEnum):
    """When a process starts: after all of the earlier stages are ready. Stopping goes backwards."""

    BROKER = 0
    CARRIER = 1
    WORKERS = 2
    WEB = 3


def at_once() -> bool:
    """Be ready as soon as the process runs."""
    return True


@dataclass(frozen=True, slots=True)
class Process:
    """What to run under which name."""

    name: str
    argv: tuple[str, ...]
    stage: Stage
    is_ready: Callable[[], bool] = field(default=at_once, compare=False)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where pid files and logs go, both private to the user."""

    run: Path
    log: Path

    @classmethod
    def below(cls, data_dir: Path) -> "Folders":
        """Make them below DATA_DIR."""
        folders = cls(run=data_dir / "run", log=data_dir / "log")
        for folder in (folders.run, folders.log):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folders

    def pid_file(self, name: str) -> Path:
        """Name the file that holds the pid of the process with this name."""
        return self.run / f"{name}.pid"

    def log_file(self, name: str) -> Path:
        """Name the file that takes what the process writes."""
        return self.log / f"{name}.log"

    def last_words(self, name: str) -> str:
        """Return the last line that a process wrote, "" if none."""
        with contextlib.suppress(OSError), self.log_file(name).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            lines = file.read().decode(errors="replace").splitlines()
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


class Child:
    """A running process."""

    def __init__(self, process: Process, folders: Folders) -> None:
        """Start it.

        Raises OSError when it cannot be run.
        """
        self.name = process.name
        self._pid_file = folders.pid_file(process.name)
        log_file = folders.log_file(process.name)
        _rotate(log_file)
        with log_file.open("ab") as log:
            self._popen = subprocess.Popen(  # noqa: S603 - our own table
                process.argv,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PROCESS_NAME": process.name},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # or Ctrl-C would reach it beside our SIGTERM
                preexec_fn=_die_with(os.getpid()),
            )
        write_pid(self._pid_file, self.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    def exit_code(self) -> int | None:
        """Return how it ended (-N: by signal N), None while it runs."""
        return self._popen.poll()

    def terminate(self) -> None:
        """Ask it to finish."""
        self._popen.terminate()

    def kill(self) -> None:
        """End it and whatever it started."""
        _kill_group(self.pid)

    def clean_up(self) -> None:
        """Remove what an ended process leaves: its own children and its pid file."""
        _kill_group(self.pid)
        self._pid_file.unlink(missing_ok=True)


def write_pid(path: Path, pid: int) -> None:
    """Write a pid file that nobody ever sees half written."""
    draft = path.with_name(f".{path.name}")
    draft.write_text(f"{pid}\n")
    draft.replace(path)


def _die_with(parent: int) -> Callable[[], None] | None:
    """Return what a new child does before it becomes its program, where the kernel can."""
    if _libc is None:
        return None
    prctl = _libc.prctl

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask_the_kernel


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _rotate(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
