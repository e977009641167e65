"""The mark of the newest change, which every process with the same DATA_DIR sees at once.

It is read from mapped memory. Every call of the system, if only for a file's size, lets go of
the interpreter's lock, and a thread among sixteen busy ones gets it back some switches later:
three such calls took an eighth of an accepted POST.
"""

import mmap
import os
from functools import cache

from django.conf import settings

Mark = bytes

_FOLDER = settings.DATA_DIR / "run"
_FILE = _FOLDER / "changed"
"""Holds the mark and nothing else; while a process runs it must not be made shorter."""
_LENGTH = 8


def mark() -> Mark:
    """Read the mark; empty where there is no file to share it by, such as on a full disk."""
    try:
        return _shared()[:]
    except OSError:
        return b""


def note() -> None:
    """Change the mark: what was read under the old one holds no more. Raises OSError."""
    _shared()  # there may be no file yet
    with _FILE.open("r+b", buffering=0) as file:
        file.write(_new_mark())


def _new_mark() -> Mark:
    """Make a mark that was never there: a counter would need a lock around all processes."""
    return os.urandom(_LENGTH)


@cache
def _shared() -> mmap.mmap:
    """Map the file, which is made where there is none. Raises OSError, and tries again then."""
    _FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_size < _LENGTH:
            os.pwrite(descriptor, _new_mark(), 0)
        return mmap.mmap(descriptor, _LENGTH, prot=mmap.PROT_READ)
    finally:
        os.close(descriptor)
