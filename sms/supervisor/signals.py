"""Signals as something to wait for, instead of something that interrupts."""

import select
import signal
import socket
from types import TracebackType

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """While entered, signals to stop are only noted; the death of a child ends a wait."""

    def __init__(self) -> None:
        self.stop_requests = 0
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def __enter__(self) -> "Signals":
        # The interpreter writes each signal's number there, safely at any moment.
        self._old_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old = {
            number: signal.signal(number, lambda *_: None) for number in (*STOP, signal.SIGCHLD)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def wait(self, timeout_s: float) -> None:
        """Wait for a signal, at most `timeout_s` seconds."""
        if select.select([self._reader], [], [], timeout_s)[0]:
            numbers = self._reader.recv(4096)
            self.stop_requests += sum(number in STOP for number in numbers)
