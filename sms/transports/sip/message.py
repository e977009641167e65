"""SIP messages: octets to objects and back.

Lenient about form, since clients are; strict about whatever decides where a message ends
and whose answer it is. Source: RFC 3261 §7, §20, §25; RFC 4475.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sms.transports.sip.fields import Malformed, NameAddr, Via, comma_separated

HEAD_LIMIT: Final = 16_384
"""Octets of start line and headers."""
BODY_LIMIT: Final = 65_536
HEADERS_MAX: Final = 128

_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "e": "content-encoding",
    "s": "subject",
    "k": "supported",
    "o": "event",
    "u": "allow-events",
    "r": "refer-to",
    "b": "referred-by",
    "x": "session-expires",
}
"""Source: RFC 3261 §7.3.3 and the IANA registry of header fields."""

_REQUIRED: Final = ("via", "from", "to", "call-id", "cseq")
_ONCE: Final = ("from", "to", "call-id", "cseq", "max-forwards")
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_REQUEST_LINE: Final = re.compile(
    r"([A-Za-z0-9\-.!%*_+`'~]{1,32}) (\S+) SIP/([0-9]+\.[0-9]+)", re.I
)
_STATUS_LINE: Final = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: (.*))?", re.I)
_CSEQ: Final = re.compile(rf"([0-9]{{1,10}})\s+({_TOKEN.pattern})")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BIGGEST: Final = 2**31
"""Source: RFC 3261 §8.1.1.5."""


class Unwritable(ValueError):
    """A header would break out of its line."""


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in their order, under lower-case names in their long form."""

    items: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a header."""
        return next((value for key, value in self.items if key == name), default)

    def has(self, name: str) -> bool:
        """Say whether there is such a header."""
        return any(key == name for key, _ in self.items)

    def rows(self, name: str) -> list[str]:
        """List the values of a header, a line each."""
        return [value for key, value in self.items if key == name]

    def values(self, name: str) -> list[str]:
        """List the values of a header that may hold several, separated by commas."""
        return [part for row in self.rows(name) for part in comma_separated(row)]


@dataclass(frozen=True, slots=True)
class Message:
    """What requests and answers have in common."""

    headers: Headers
    body: bytes = field(default=b"", repr=False)

    @property
    def call_id(self) -> str:
        """Its Call-ID."""
        return self.headers.get("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method of its CSeq; it was checked when the message was read."""
        return _read_cseq(self.headers.get("cseq"))

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return Via.read(next(iter(self.headers.values("via")), ""))

    def party(self, name: str) -> NameAddr:
        """Read From, To or another header of that form. Raises Malformed."""
        return NameAddr.read(self.headers.get(name))


@dataclass(frozen=True, slots=True)
class Request(Message):
    """A request."""

    method: str = ""
    uri: str = ""

    def to_bytes(self) -> bytes:
        """Write it. Raises Unwritable."""
        return _write(f"{self.method} {self.uri} SIP/2.0", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Response(Message):
    """An answer."""

    status: int = 0
    reason: str = ""

    def to_bytes(self) -> bytes:
        """Write it. Raises Unwritable."""
        return _write(f"SIP/2.0 {self.status} {self.reason}", self.headers, self.body)


def parse(data: bytes) -> Request | Response:
    """Read one message.

    Raises Malformed, and nothing else, whatever the octets are.
    """
    head, body = _split(data.lstrip(b"\r\n"))
    start, *rows = _unfolded(head)
    if len(rows) > HEADERS_MAX:
        raise Malformed("too many headers")
    headers = Headers(tuple(_header(row) for row in rows))
    body = _cut(body, content_length(headers.rows("content-length")))
    message = _with_start(start, headers, body)
    _check(message)
    return message


def salvage(data: bytes) -> Request | None:
    """Read of a malformed request what an answer to it needs; None where that is not there.

    Raises Malformed.
    """
    head, _ = _split(data.lstrip(b"\r\n"))
    start, *rows = _unfolded(head)
    found = _REQUEST_LINE.fullmatch(start)
    headers = []
    for row in rows[:HEADERS_MAX]:
        with contextlib.suppress(Malformed):
            headers.append(_header(row))
    if found is None:
        return None
    request = Request(Headers(tuple(headers)), method=found[1], uri=found[2])
    _check_ends(request)
    return request


def content_length(rows: Sequence[str]) -> int | None:
    """Read Content-Length; None where there is none. Raises Malformed."""
    if not rows:
        return None
    if len(set(rows)) > 1 or not re.fullmatch(r"[0-9]{1,9}", rows[0]):
        raise Malformed("Content-Length is not one number")
    return int(rows[0])


def header_name(text: str) -> str:
    """Spell a header's name as it is looked up."""
    name = text.strip().lower()
    return _COMPACT.get(name, name)


def _split(data: bytes) -> tuple[str, bytes]:
    for gap in (b"\r\n\r\n", b"\n\n"):
        head, found, body = data.partition(gap)
        if found:
            break
    else:
        raise Malformed("no empty line ends the headers")
    if len(head) > HEAD_LIMIT:
        raise Malformed("the headers are too long")
    if len(body) > BODY_LIMIT:
        raise Malformed("the body is too long")
    return head.decode("utf-8", errors="replace"), body


def _unfolded(head: str) -> list[str]:
    """Join lines that go on in the next one. Source: RFC 3261 §7.3.1."""
    rows: list[list[str]] = []
    for row in re.split(r"\r?\n", head):
        if rows and row[:1] in (" ", "\t"):
            rows[-1].append(row.strip())
        else:
            rows.append([row.rstrip()])
    return [" ".join(parts) for parts in rows]


def _header(row: str) -> tuple[str, str]:
    name, colon, value = row.partition(":")
    if not colon or not _TOKEN.fullmatch(name.strip()):
        raise Malformed("a header without a name")
    if _CONTROL.search(value):
        raise Malformed("a control character in a header")
    return header_name(name), value.strip()


def _cut(body: bytes, length: int | None) -> bytes:
    if length is None:
        return body
    if length > len(body):
        raise Malformed("fewer octets than Content-Length says")
    return body[:length]


def _with_start(start: str, headers: Headers, body: bytes) -> Request | Response:
    if _CONTROL.search(start):
        raise Malformed("a control character in the first line")
    if found := _STATUS_LINE.fullmatch(start):
        return Response(headers, body, status=int(found[1]), reason=found[2] or "")
    found = _REQUEST_LINE.fullmatch(start)
    if found is None:
        raise Malformed("the first line is neither a request's nor an answer's")
    if found[3] != "2.0":
        raise Malformed("not SIP/2.0", status=505)
    return Request(headers, body, method=found[1], uri=found[2])


def _check(message: Request | Response) -> None:
    _check_ends(message)
    for name in _ONCE:
        if len(message.headers.rows(name)) > 1:
            raise Malformed(f"{name} more than once")
    _, method = message.cseq
    if isinstance(message, Request):
        if method != message.method:
            raise Malformed("CSeq names another method")
        hops = message.headers.get("max-forwards", "70")
        if not re.fullmatch(r"[0-9]{1,9}", hops):
            raise Malformed("Max-Forwards is no number")
        for name in ("from", "to"):
            message.party(name)


def _check_ends(message: Message) -> None:
    """Make sure that an answer finds its way, and its request."""
    for name in _REQUIRED:
        if not message.headers.get(name):
            raise Malformed(f"no {name}")
    _ = message.via


def _read_cseq(text: str) -> tuple[int, str]:
    found = _CSEQ.fullmatch(text)
    if not found or int(found[1]) >= _BIGGEST:
        raise Malformed("CSeq is not a number and a method")
    return int(found[1]), found[2]


def _write(start: str, headers: Headers, body: bytes) -> bytes:
    lines = [start, *_lines(headers), f"Content-Length: {len(body)}"]
    if any(_CONTROL.search(line) for line in lines):
        raise Unwritable("a control character would end its line")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", errors="replace") + body


def _lines(headers: Headers) -> Iterator[str]:
    for name, value in headers.items:
        if name != "content-length":
            yield f"{_SPELLED.get(name) or name.title()}: {value}"


_SPELLED: Final = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "www-authenticate": "WWW-Authenticate",
    "mime-version": "MIME-Version",
}
