"""Calm lines for the person in front of the terminal."""

import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import TextIO

DIM, GREEN, RED, PLAIN = "\033[2m", "\033[32m", "\033[31m", "\033[0m"


class Console:
    """Writes one line an event. Any thread may use it; colours appear on a terminal alone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._is_coloured = self._stream.isatty()

    def event(self, text: str) -> None:
        """Tell what happened, with the time."""
        self._write(f"{self._in(DIM, f'{datetime.now():%H:%M:%S}')}  {text}")

    def good(self, text: str) -> None:
        """Tell what was waited for."""
        self.event(self._in(GREEN, text))

    def bad(self, text: str) -> None:
        """Tell what should not have happened."""
        self.event(self._in(RED, text))

    def plain(self, text: str = "") -> None:
        """Write a line to be copied: without a time."""
        self._write(text)

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self._is_coloured else text

    def _write(self, line: str) -> None:
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except (BrokenPipeError, OSError):  # whoever read it has gone; serving goes on
            return


def log_to(path: Path) -> None:
    """Send this process's own log lines to a file: the terminal is for events."""
    file = logging.FileHandler(path, delay=True)
    root = logging.getLogger()
    for handler in root.handlers:
        file.setFormatter(handler.formatter)
    root.handlers = [file]
