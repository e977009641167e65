"""The mark of the newest change, which every process with the same DATA_DIR sees at once.

It is read from mapped memory. Every call of the system, if only for a file's size, lets go of
the interpreter's lock, and a thread among sixteen busy ones gets it back some switches later:
three such calls took an eighth of an accepted POST.
"""

import logging
import mmap
import os
from functools import cache
from typing import NamedTuple

from django.conf import settings

logger = logging.getLogger(__name__)

Mark = bytes

_FOLDER = settings.DATA_DIR / "run"
_FILE = _FOLDER / "changed"
"""Holds the mark and nothing else; while a process runs it must not be made shorter."""
_OCTETS = 8


class _Shared(NamedTuple):
    """The file, open for as long as the process lives: one that takes its place is not ours."""

    descriptor: int
    octets: mmap.mmap


def mark() -> Mark:
    """Read the mark; empty where there is no file to share it by, such as on a full disk."""
    try:
        return _shared().octets[:]
    except OSError as error:
        _complain(str(error))
        return b""


def note() -> None:
    """Change the mark: what was read under the old one holds no more. Raises OSError."""
    os.pwrite(_shared().descriptor, _new_mark(), 0)


def _new_mark() -> Mark:
    """Make a mark that was never there: a counter would need a lock around all processes."""
    return os.urandom(_OCTETS)


@cache
def _shared() -> _Shared:
    """Map the file, which is made where there is none. Raises OSError, and tries again then."""
    _FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_size < _OCTETS:
            os.pwrite(descriptor, _new_mark(), 0)
        return _Shared(descriptor, mmap.mmap(descriptor, _OCTETS, prot=mmap.PROT_READ))
    except OSError:
        os.close(descriptor)
        raise


@cache
def _complain(reason: str) -> None:
    """Say once that other processes' changes are seen late."""
    logger.warning("changes are seen after %s s: %s", settings.CACHE_SECONDS, reason)
