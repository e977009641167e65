"""What a MESSAGE carries: a text, a note about a text, or what we do not take.

Source: RFC 3428 §7 (text), RFC 3862 (CPIM), RFC 5438 (IMDN), RFC 3994 (isComposing).
"""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message as MimeHeaders
from typing import Final

from sms.lifecycle import Status
from sms.transports.sip.fields import Malformed
from sms.transports.sip.message import BODY_LIMIT, Request

ACCEPT: Final = "text/plain, message/cpim, message/imdn+xml, application/im-iscomposing+xml"
ACCEPT_ENCODING: Final = "identity, deflate, gzip"


@dataclass(frozen=True, slots=True)
class Text:
    """Words of a person."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notification:
    """What became of a message of ours, says the client. Source: RFC 5438 §7."""

    message_id: str
    status: Status | None
    """DELIVERED or FAILED; None for a word that moves nothing, as `displayed`."""
    word: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Read and understood, and of no consequence: somebody is typing."""


class Unsupported(Exception):
    """What the body is, or how it is packed, is nothing that we take."""


Content = Text | Notification | Nothing

_MESSAGE_ID: Final = re.compile(r"<(?:\w{1,20}:)?message-id\s*>([^<]{1,65})<")
_STATUS: Final = re.compile(r"<(?:\w{1,20}:)?status\s*>\s*<(?:\w{1,20}:)?(\w{1,20})[\s/>]")
_IMDN_WORDS: Final[Mapping[str, Status | None]] = {
    "delivered": Status.DELIVERED,
    "failed": Status.FAILED,
    "error": Status.FAILED,
    "displayed": None,
    "processed": None,
    "stored": None,
    "forbidden": None,
}


def read_content(request: Request) -> Content:
    """Read the body of a MESSAGE.

    Raises Unsupported (to be answered with 415), Malformed (with 400).
    """
    body = _unpacked(request.body, request.headers.get("content-encoding").lower())
    return _read(request.headers.get("content-type", "text/plain"), body, depth=0)


def _read(content_type: str, body: bytes, *, depth: int) -> Content:
    kind, params = _kind_of(content_type)
    reader = _READERS.get(kind)
    if reader is None or depth > 1:
        raise Unsupported(kind)
    return reader(body, params, depth)


def _text(body: bytes, params: Mapping[str, str], depth: int) -> Content:
    charset = params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "utf8", "windows-1252"):
        raise Unsupported(f"charset {charset[:20]}")
    return Text(body.decode(charset, errors="replace"))


def _cpim(body: bytes, params: Mapping[str, str], depth: int) -> Content:
    """Unwrap: headers about the message, an empty line, headers of the content, it itself."""
    text = body.replace(b"\r\n", b"\n")
    _, gap, wrapped = text.partition(b"\n\n")
    head, gap, content = wrapped.partition(b"\n\n") if gap else (b"", b"", b"")
    if not gap:
        raise Malformed("not message/cpim")
    rows = (row.partition(":") for row in head.decode("utf-8", "replace").split("\n"))
    headers = {name.strip().lower(): value.strip() for name, _, value in rows}
    return _read(headers.get("content-type", "text/plain"), content, depth=depth + 1)


def _imdn(body: bytes, params: Mapping[str, str], depth: int) -> Content:
    # Two elements are all it takes; a whole XML parser would be one more thing to attack.
    text = body.decode("utf-8", "replace")
    named, said = _MESSAGE_ID.search(text), _STATUS.search(text)
    if named is None or said is None:
        raise Malformed("not an IMDN")
    word = said[1].lower()
    return Notification(named[1].strip(), _IMDN_WORDS.get(word), word)


def _nothing(body: bytes, params: Mapping[str, str], depth: int) -> Content:
    return Nothing()


_READERS: Final[Mapping[str, Callable[[bytes, Mapping[str, str], int], Content]]] = {
    "text/plain": _text,
    "message/cpim": _cpim,
    "message/imdn+xml": _imdn,
    "application/im-iscomposing+xml": _nothing,
}


def _kind_of(content_type: str) -> tuple[str, dict[str, str]]:
    headers = MimeHeaders()
    headers["content-type"] = content_type[:200]
    params = headers.get_params() or []
    return headers.get_content_type(), {name.lower(): value for name, value in params[1:]}


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity"):
        return body
    widths = {"deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS), "gzip": (zlib.MAX_WBITS | 16,)}
    for width in widths.get(encoding, ()):
        unpacker = zlib.decompressobj(width)
        try:
            text = unpacker.decompress(body, BODY_LIMIT + 1)
        except zlib.error:
            continue  # raw deflate instead of zlib's, as some write it
        if len(text) > BODY_LIMIT or not unpacker.eof:
            raise Malformed("the body is packed too tightly, or not whole")
        return text
    raise Unsupported(encoding[:20])
