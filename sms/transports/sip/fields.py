"""The structured values of headers: addresses, Via, parameters.

What is not understood is kept as it was written: a Contact goes back to its client the
way it came. Source: RFC 3261 §19.1, §20, §25.1.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote

_URI: Final = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@\s<>\"]{1,255})@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._\-]{1,255})(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>[;?][^\s<>\"]*)?",
    re.I,
)
_TEL: Final = re.compile(r"tel:(?P<user>\+?[0-9A-Fa-f*#()\-.]{1,64})(?P<rest>;[^\s<>\"]*)?", re.I)
_VIA: Final = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*(?P<transport>[A-Za-z0-9\-]{1,16})\s+"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._\-]{1,255})(?:\s*:\s*(?P<port>[0-9]{1,5}))?"
    r"\s*(?P<rest>;.*)?",
    re.I,
)
_USER_SAFE: Final = "-_.!~*'()&=+$,;?/"
"""Source: RFC 3261 §25.1, user."""


class Malformed(Exception):
    """The octets are no SIP message that we read; `status` would be the answer to it."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Uri:
    """A sip:, sips: or tel: address."""

    scheme: str
    user: str
    """Unescaped; empty where there is none."""
    host: str
    """In lower case, an IPv6 address without its brackets; empty for tel:."""
    port: int | None = None

    @classmethod
    def read(cls, text: str) -> "Uri":
        """Read an address. Raises Malformed."""
        if found := _URI.fullmatch(text.strip()):
            port = _port(found["port"])
            user = unquote((found["user"] or "").partition(":")[0].partition(";")[0])
            host = found["host"].lower().strip("[]").rstrip(".")
            return cls(found["scheme"].lower(), user, host, port)
        if found := _TEL.fullmatch(text.strip()):
            return cls("tel", re.sub(r"[()\-.]", "", found["user"]), "")
        raise Malformed("not an address that we know")


@dataclass(frozen=True, slots=True)
class NameAddr:
    """A name, an address and their parameters."""

    display: str
    uri: str
    """As it was written."""
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "NameAddr":
        """Read a From, To or Contact. Raises Malformed."""
        display, rest = _display_of(text.strip())
        if rest.startswith("<"):
            uri, closed, tail = rest[1:].partition(">")
            if not closed or not uri.strip() or "<" in uri:
                raise Malformed("brackets that do not match")
            return cls(display, uri.strip(), read_params(tail))
        # Without brackets, parameters are the header's. Source: RFC 3261 §20.10.
        uri, _, tail = rest.partition(";")
        if display or not uri.strip() or re.search(r"[\s\"<>]", uri.strip()):
            raise Malformed("not an address")
        return cls("", uri.strip(), read_params(tail))

    @property
    def tag(self) -> str:
        """The tag of From or To."""
        return self.params.get("tag", "")

    def address(self) -> Uri:
        """Read its address. Raises Malformed."""
        return Uri.read(self.uri)


@dataclass(frozen=True, slots=True)
class Via:
    """One hop."""

    transport: str
    host: str
    port: int | None
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "Via":
        """Read one hop. Raises Malformed."""
        found = _VIA.fullmatch(text.strip())
        if not found:
            raise Malformed("not a Via")
        transport = found["transport"].upper()
        port = _port(found["port"])
        return cls(transport, found["host"].lower(), port, read_params(found["rest"] or ""))

    @property
    def branch(self) -> str:
        """What its transaction is called by."""
        return self.params.get("branch", "")

    @property
    def sent_by(self) -> str:
        """Who wrote it."""
        return f"{self.host}:{self.port or ''}"


def comma_separated(text: str) -> list[str]:
    """Split at commas that are neither quoted nor within <>."""
    return [part for part in _split(text, ",") if part]


def read_params(text: str) -> dict[str, str]:
    """Read `;name=value` parameters; names in lower case, values without their quotes."""
    params: dict[str, str] = {}
    for part in _split(text, ";"):
        name, _, value = part.partition("=")
        if name.strip():
            params.setdefault(name.strip().lower(), unquoted(value.strip()))
    return params


def unquoted(text: str) -> str:
    """Take a quoted string out of its quotes."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def quoted(text: str) -> str:
    """Write a quoted string; what would end its line becomes a blank."""
    clean = "".join(sign if sign.isprintable() else " " for sign in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def host_in_uri(host: str) -> str:
    """Write a host as addresses have it."""
    return f"[{host}]" if ":" in host else host


def escaped_user(user: str) -> str:
    """Write a user part of an address."""
    return quote(user, safe=_USER_SAFE.replace(";", "").replace("?", ""))


def user_of(uri: str) -> str:
    """Read the user part of an address; empty where there is none, or no address."""
    try:
        return Uri.read(uri).user
    except Malformed:
        return ""


def _display_of(text: str) -> tuple[str, str]:
    if text.startswith('"'):
        found = re.match(r'"((?:[^"\\]|\\.)*)"\s*', text)
        if not found:
            raise Malformed("a quote that does not end")
        return re.sub(r"\\(.)", r"\1", found[1]), text[found.end() :]
    display, bracket, rest = text.partition("<")
    return (display.strip(), f"<{rest}") if bracket else ("", text)


def _split(text: str, separator: str) -> Iterator[str]:
    begin, inside_quotes, depth, skip = 0, False, 0, False
    for at, sign in enumerate(text):
        if skip:
            skip = False
        elif inside_quotes:
            skip = sign == "\\"
            inside_quotes = sign != '"'
        elif sign == '"':
            inside_quotes = True
        elif sign in "<>":
            depth = 1 if sign == "<" else 0
        elif sign == separator and not depth:
            yield text[begin:at].strip()
            begin = at + 1
    yield text[begin:].strip()


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not 0 < int(text) < 65536:
        raise Malformed("not a port")
    return int(text)
