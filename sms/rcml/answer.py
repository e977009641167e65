"""From the octets of an HTTP answer to its steps, by content type."""

from email.message import Message

from sms.rcml.document import read_document
from sms.rcml.steps import Note, Reply, Step, Unusable
from sms.rcml.verbs import steps_of

MAX_BYTES = 65_536
"""Of an answer; a longer one is not read."""

_MARKUP = ("text/xml", "application/xml", "text/html")
_TEXT = "text/plain"

_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le",
}
"""By the names of RFC 2978's registry. A list: Python's codecs know things that are no text."""


def read_answer(content_type: str, body: bytes, *, is_whole: bool = True) -> list[Step]:
    """Read what an application answered, in order; empty where it wants nothing.

    Raises Unusable for what is too long, or no RCML although it says so. Source: sms-api 7.3.
    """
    if not is_whole or len(body) > MAX_BYTES:
        raise Unusable(f"12100 the answer is not whole, or longer than {MAX_BYTES} octets")
    if not body.strip():
        return []
    media_type, charset = _parse(content_type)
    if media_type in _MARKUP:
        if charset is None:
            return steps_of(read_document(body))
        # The header's word on the charset is worth more than the document's: RFC 7303 §3.
        return steps_of(read_document(_decode(body, charset).encode(), is_utf8=True))
    if media_type == _TEXT:
        words = _decode(body, charset or "utf-8").strip()
        return [Reply(words)] if words else []
    shown = media_type[:80] or "none"
    return [Note(f"12300 the answer's content type is neither XML nor text: {shown}", stops=True)]


def _parse(content_type: str) -> tuple[str, str | None]:
    header = Message()
    header["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    if not content_type.strip():
        return "", None
    charset = header.get_param("charset")
    return header.get_content_type(), charset.lower() if isinstance(charset, str) else None


def _decode(body: bytes, charset: str) -> str:
    codec = _CODECS.get(charset)
    if codec is None:
        raise Unusable(f"12100 the answer's charset is not known: {charset[:40]!r}")
    try:
        return body.decode(codec).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Unusable(f"12100 the answer is not in its charset, {charset}") from error
