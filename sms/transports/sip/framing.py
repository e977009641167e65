"""Cut a stream of octets into SIP messages. Source: RFC 3261 §18.3, RFC 5626 §3.5.1."""

from dataclasses import dataclass
from typing import Final

from sms.transports.sip.fields import Malformed
from sms.transports.sip.message import BODY_LIMIT, HEAD_LIMIT, content_length, header_name

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
_GAP: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Ping:
    """The client asks whether we are there."""


class Framer:
    """Octets in, whole messages out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def is_between(self) -> bool:
        """Say whether no message has begun that is not whole yet."""
        return not self._buffer.strip(b"\r\n")

    def receive_data(self, data: bytes) -> list[bytes | Ping]:
        """Take octets; return what is whole. Raises Malformed: the stream has lost its step."""
        self._buffer += data
        found: list[bytes | Ping] = []
        while item := self._next():
            found.append(item)
        return found

    def _next(self) -> bytes | Ping | None:
        if self._buffer.startswith(PING):
            del self._buffer[: len(PING)]
            return Ping()
        while self._buffer.startswith(b"\r\n") and len(self._buffer) > 2:
            if self._buffer[2:3] == b"\r" and len(self._buffer) < len(PING):
                return None  # may become a ping
            del self._buffer[:2]
        end = self._buffer.find(_GAP, 0, HEAD_LIMIT + len(_GAP))
        if end < 0:
            if len(self._buffer) > HEAD_LIMIT:
                raise Malformed("the headers are too long")
            return None
        whole = end + len(_GAP) + self._body_length(bytes(self._buffer[:end]))
        if len(self._buffer) < whole:
            return None
        message = bytes(self._buffer[:whole])
        del self._buffer[:whole]
        return message

    def _body_length(self, head: bytes) -> int:
        rows = []
        for row in head.split(b"\r\n")[1:]:
            name, _, value = row.partition(b":")
            if header_name(name.decode("latin-1")) == "content-length":
                rows.append(value.decode("latin-1").strip())
        # Required over a stream; without it none is the only safe guess.
        length = content_length(rows) or 0
        if length > BODY_LIMIT:
            raise Malformed("the body is too long")
        return length
