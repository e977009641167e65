"""The octets of a request's body: all of them, and in time.

Half a form can be a whole message: what a broken connection cut off must not be sent.
Of a body in chunks the server does not say whether its last one came.
"""

import threading
from collections import deque
from io import BufferedIOBase
from queue import Empty, SimpleQueue
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from rest_framework import exceptions

T = TypeVar("T")

TIMEOUT_S = 10.0
"""How long a body may take. Whoever waits for it holds one of the web process's few threads."""
MOST_DRAINED = 100_000_000
"""Octets of too large a body that are read all the same; see `_drain`."""
_PIECE = 1 << 20

SHORT = 16_384
"""Octets that a client sends in one go, or nearly."""
READ_AT_ONCE = 6
"""Short bodies that the threads of a process read by themselves, without a bound of time.

Handing over takes a sixth of an accepted request, and nearly all bodies are there already. So
many clients that stall hold a thread each until they hang up, and leave ten to the others
(supervisor/processes.py). Fewer would not do: a thread whose body is there has a turn for as
long as it waits for the interpreter's lock.
"""
_at_once = deque(range(READ_AT_ONCE))

_idle: "deque[_Reader]" = deque()
"""As many as there were threads that waited for one at once."""


class BodyTooSlow(exceptions.APIException):
    """The client has stopped sending, or sends drop by drop."""

    status_code = 408
    default_detail = f"The request body did not arrive within {TIMEOUT_S:.0f} s."


def read(request: HttpRequest) -> bytes:
    """Read a body. Raises RequestDataTooBig, UnreadablePostError, BodyTooSlow."""
    stream, length = request.META["wsgi.input"], _length(request)
    if length == 0:
        return b""
    is_likely_here = length is not None and length <= SHORT and "HTTP_EXPECT" not in request.META
    if is_likely_here and (turn := _taken(_at_once)) is not None:
        try:
            return _read(stream, length)
        finally:
            _at_once.append(turn)
    return _read_in_time(stream, length)


def _read_in_time(stream: BufferedIOBase, length: int | None) -> bytes:
    reader = _taken(_idle) or _Reader()
    got = reader.read(stream, length)
    _idle.append(reader)
    if isinstance(got, Exception):
        raise got
    return got


def _taken(spare: "deque[T]") -> T | None:
    try:
        return spare.pop()
    except IndexError:
        return None


class _Reader:
    """A thread that reads for another one: servers read without a time-out.

    One that waits for its client too long is left behind, and ends when the connection closes.
    Two queues, for every POST passes here: a pool and its futures take twice as long.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[tuple[BufferedIOBase, int | None]] = SimpleQueue()
        self._got: SimpleQueue[bytes | Exception] = SimpleQueue()
        self._is_needed = True
        threading.Thread(target=self._run, name="body", daemon=True).start()

    def read(self, stream: BufferedIOBase, length: int | None) -> bytes | Exception:
        """Have a body read; return why it cannot be. After BodyTooSlow, use it no more."""
        self._asked.put((stream, length))
        try:
            return self._got.get(timeout=TIMEOUT_S)
        except Empty:
            self._is_needed = False
            raise BodyTooSlow from None

    def _run(self) -> None:
        while self._is_needed:
            stream, length = self._asked.get()
            try:
                self._got.put(_read(stream, length))
            except Exception as error:  # told to the thread that waits
                self._got.put(error)


def is_empty(request: HttpRequest) -> bool:
    """Say whether there is no body at all."""
    return _length(request) == 0


def _length(request: HttpRequest) -> int | None:
    """Return how long a body is said to be; None where it comes in chunks.

    Chunks need a server that marks their end, or reading could wait for ever.
    """
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        return None if request.META.get("wsgi.input_terminated") else 0
    text = request.META.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else 0


def _read(stream: BufferedIOBase, length: int | None) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    # One more octet than may be there tells of more: chunks do not say how many they are.
    octets = stream.read(limit + 1 if length is None else min(length, limit + 1))
    if len(octets) > limit:
        _drain(stream, MOST_DRAINED if length is None else length - len(octets))
        raise RequestDataTooBig
    if length is not None and len(octets) < length:
        raise UnreadablePostError("the body is shorter than its Content-Length")
    return octets


def _drain(stream: BufferedIOBase, left: int) -> None:
    """Read what comes: a client that is still writing would find its line cut, and no answer."""
    left = min(left, MOST_DRAINED)
    while left > 0 and (piece := stream.read(min(left, _PIECE))):
        left -= len(piece)
