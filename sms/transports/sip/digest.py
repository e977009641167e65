"""Digest authentication: nonces that need no memory, challenges, and their check.

Source: RFC 3261 §22, RFC 7616, RFC 8760.
"""

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from sms.transports.sip.fields import comma_separated, unquoted
from sms.transports.sip.message import Request

LIFE_S: Final = 300.0
_REMEMBERED: Final = 100_000
"""Nonces whose counts are kept; the oldest go first."""

HASHES: Final[Mapping[str, Callable[[bytes], "hashlib._Hash"]]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
}


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A client as far as its log-in goes."""

    login: str
    """As it is stored; what it is asked for in any case."""
    algorithms: tuple[str, ...]
    """What it is offered, in this order."""
    ha1: Mapping[str, str] = field(repr=False)
    """Hash of login, realm and password, by algorithm; hexadecimal."""
    is_enabled: bool = True


NOBODY: Final = Subscriber("", ("MD5",), {}, is_enabled=False)
"""Whoever is not known is asked for a password like everybody, and fails like a wrong one."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an Authorization header says."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str
    nc: str
    cnonce: str

    @classmethod
    def find(cls, request: Request, realm: str) -> "Credentials | None":
        """Find the credentials for our realm among a request's; None if there are none."""
        for row in request.headers.rows("authorization"):
            scheme, _, rest = row.partition(" ")
            if scheme.lower() != "digest":
                continue
            said = dict(_pairs(rest))
            if said.get("realm") == realm:
                return cls(
                    username=said.get("username", ""),
                    realm=realm,
                    nonce=said.get("nonce", ""),
                    uri=said.get("uri", ""),
                    response=said.get("response", ""),
                    algorithm=said.get("algorithm", "MD5").upper(),
                    qop=said.get("qop", "").lower(),
                    nc=said.get("nc", ""),
                    cnonce=said.get("cnonce", ""),
                )
        return None


class Verdict(Enum):
    """What came of a check."""

    RIGHT = "right"
    WRONG = "wrong"
    STALE = "stale"
    """Right as it may be, its nonce has had its time: to be asked again with `stale=true`."""


class Nonces:
    """Makes and checks nonces: a time, a random part and their HMAC with the source's address.

    They hold over a restart, and on every edge with the same secret.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._counts: OrderedDict[str, int] = OrderedDict()

    def make(self, host: str, now: float) -> str:
        """Make a nonce for a source. `now` is in seconds since 1970."""
        stem = f"{int(now):08x}{secrets.token_hex(6)}"
        return stem + self._seal(stem, host)

    def is_ours(self, nonce: str, host: str, now: float) -> bool:
        """Say whether a nonce was made for this source, and not too long ago."""
        if not re.fullmatch(r"[0-9a-f]{44}", nonce):
            return False
        stem, seal = nonce[:20], nonce[20:]
        if not hmac.compare_digest(seal, self._seal(stem, host)):
            return False
        return -5 <= now - int(stem[:8], 16) <= LIFE_S

    def count(self, nonce: str, nc: int) -> bool:
        """Note a use of a nonce; False when this count was used before."""
        if nc <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = nc
        self._counts.move_to_end(nonce)
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return True

    def _seal(self, stem: str, host: str) -> str:
        said = f"{stem} {host}".encode()
        return hmac.new(self._secret, said, hashlib.sha256).hexdigest()[:24]


def challenges(realm: str, nonce: str, subscriber: Subscriber, *, stale: bool) -> list[str]:
    """Write WWW-Authenticate headers, one for each algorithm that the client may use."""
    end = ",stale=true" if stale else ""
    return [
        f'Digest realm="{realm}",nonce="{nonce}",algorithm={algorithm},qop="auth"{end}'
        for algorithm in subscriber.algorithms
    ]


def check(
    request: Request, said: Credentials, subscriber: Subscriber, nonces: Nonces, nonce_is_ours: bool
) -> Verdict:
    """Check credentials; the work is the same whether or not the client exists."""
    right = _is_right(request, said, subscriber)
    if not right:
        return Verdict.WRONG
    if not nonce_is_ours:
        return Verdict.STALE
    # Without qop there is no count: such a nonce serves once.
    nc = int(said.nc, 16) if said.qop else 1
    return Verdict.RIGHT if nonces.count(said.nonce, nc) else Verdict.STALE


def ha1(login: str, realm: str, password: str, algorithm: str) -> str:
    """Hash what the client and we both know."""
    return _hex(algorithm, f"{login}:{realm}:{password}")


def response_to(said: Credentials, method: str, secret: str) -> str:
    """Compute the answer to a challenge. Source: RFC 7616 §3.4.1."""
    ha2 = _hex(said.algorithm, f"{method}:{said.uri}")
    middle = f"{said.nc}:{said.cnonce}:{said.qop}:" if said.qop else ""
    return _hex(said.algorithm, f"{secret}:{said.nonce}:{middle}{ha2}")


def _is_right(request: Request, said: Credentials, subscriber: Subscriber) -> bool:
    if said.algorithm not in HASHES or said.qop not in ("", "auth"):
        return False
    if said.qop and not re.fullmatch(r"[0-9a-fA-F]{1,8}", said.nc):
        return False
    secret = subscriber.ha1.get(said.algorithm, "0" * 32)
    expected = response_to(said, request.method, secret)
    is_same = hmac.compare_digest(expected.encode(), said.response.lower().encode())
    known = subscriber.is_enabled and said.algorithm in subscriber.algorithms
    return is_same and known and said.username == subscriber.login


def _pairs(text: str) -> list[tuple[str, str]]:
    found = []
    for part in comma_separated(text):
        name, _, value = part.partition("=")
        found.append((name.strip().lower(), unquoted(value.strip())))
    return found


def _hex(algorithm: str, text: str) -> str:
    return HASHES[algorithm](text.encode()).hexdigest()
