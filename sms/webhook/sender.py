"""aiohttp behind the guard: the only outbound HTTP of the platform."""

import os
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType

import aiohttp

from sms.webhook.guard import Allowed, Guard, Lookup, Names, Refused, is_literal, look_up
from sms.webhook.request import Request
from sms.webhook.url import check_url

MAX_RETRY_AFTER_S = 3600.0

_HEAD_BYTES = 256
_HEADERS = {
    "User-Agent": "cpaas",
    "Accept": "*/*",
    # Nobody reads the answer, so nobody needs to unpack it.
    "Accept-Encoding": "identity",
}
_FORM = (("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),)
# Below the 5 s after which common servers close an idle connection: a POST that meets
# the closing one is lost and has to wait for its retry.
_KEEPALIVE_S = 4.0
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Policy:
    """Where callbacks may go and how long they may take."""

    allowed_networks: tuple[Allowed, ...] = ()
    """Let through although they are not public."""
    connect_timeout_s: float = 3.0
    """For TCP, each address of the host."""
    total_timeout_s: float = 10.0
    """From `post` to the end of the answer; waiting for one of the host's connections counts."""
    per_host_limit: int = 8
    """Connections to one scheme, host and port."""
    max_body_bytes: int = 65536
    """Of an answer; the connection of a longer one is closed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one `Request`."""

    key: int
    status: int | None = None
    """None when no answer came."""
    error: str | None = None
    """Why it is not a success, in one clause; None for 2xx. Safe to store and to show."""
    latency_ms: int = 0
    retry_after_s: float | None = None
    """What a 429 or 503 asked for, at most an hour."""
    body_head: str = field(default="", repr=False)
    """The first 256 bytes of the answer, as text that a database can hold."""
    is_final: bool = False
    """Whether asking again cannot end otherwise: the URL itself is the fault."""
    is_ours: bool = False
    """Whether it was our own fault: nobody was asked, and it says nothing about the peer."""
    content_type: str = ""
    """As the peer wrote it."""
    body: bytes = field(default=b"", repr=False)
    """As much of the answer as the request asked for."""
    is_whole: bool = True
    """Whether `body` is all of it: no more than was asked for, and not broken off."""

    @property
    def ok(self) -> bool:
        """Whether the receiver took it."""
        return self.error is None

    @property
    def log_word(self) -> str:
        """What became of it, for logs: of addresses nothing, since one may hold a secret."""
        return f"answered {self.status}" if self.status else (self.error or "")


class Sender:
    """Posts callbacks from the running event loop. Build, use and close it inside that loop.

    It sets no bound on the posts that run at once: the caller does.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        lookup: Lookup = look_up,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy = policy
        self._clock = clock
        guard = Guard(policy.allowed_networks)
        self._names = Names(guard, lookup)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._names,
                socket_factory=guard.socket,
                limit=0,
                limit_per_host=policy.per_host_limit,
                keepalive_timeout=_KEEPALIVE_S,
            ),
            timeout=aiohttp.ClientTimeout(
                total=policy.total_timeout_s, sock_connect=policy.connect_timeout_s
            ),
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,  # a proxy would connect for us, past the guard
        )

    async def __aenter__(self) -> "Sender":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()
        await self._names.close()

    async def post(self, request: Request) -> Answer:
        """Make one call, by POST or GET, and say what became of it. No fault of the peer raises."""
        return await self._call(request, time.monotonic())

    async def _call(self, request: Request, started: float) -> Answer:
        fault = check_url(request.url)
        if fault is not None:
            return Answer(request.key, error=fault, is_final=True)
        try:
            async with self._session.request(
                request.method,
                request.target,
                data=request.body,
                headers=request.headers + (_FORM if request.method == "POST" else ()),
                allow_redirects=False,  # a hop would carry the message's text somewhere else
            ) as response:
                return await self._answer(request, response, started)
        except (aiohttp.ClientError, OSError) as error:
            final = _blames_the_url(error, request)
            return Answer(
                request.key,
                error=self._sentence(error),
                latency_ms=_ms_since(started),
                is_final=final,
            )

    async def _answer(
        self, request: Request, response: aiohttp.ClientResponse, started: float
    ) -> Answer:
        body, is_whole = await self._read(response, max(request.body_bytes, _HEAD_BYTES))
        return Answer(
            request.key,
            status=response.status,
            error=_complaint(response),
            latency_ms=_ms_since(started),
            retry_after_s=_retry_after_s(response, now=self._clock()),
            body_head=_storable(body),
            content_type=response.headers.get("Content-Type", ""),
            body=body[: request.body_bytes],
            is_whole=is_whole and len(body) <= request.body_bytes,
        )

    async def _read(self, response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
        """Read the answer out, up to the cap, so that its connection can serve again.

        Returns its first `limit` bytes, and whether that is all of it.
        """
        head, size = b"", 0
        try:
            async for chunk in response.content.iter_any():
                head += chunk[: limit - len(head)]
                size += len(chunk)
                if size > max(self._policy.max_body_bytes, limit):
                    response.close()
                    break
        except (aiohttp.ClientError, OSError):
            # The status is in; to most kinds a broken body does not take it back.
            response.close()
            return head, False
        return head, size <= limit

    def _sentence(self, error: Exception) -> str:
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        if isinstance(cause, Refused):
            return str(cause)
        for kind, text in _FAULTS:
            if isinstance(error, kind):
                return text.format(policy=self._policy, reason=_reason(error))
        number = getattr(cause, "errno", None)
        return os.strerror(number).lower() if number else "the connection was lost"


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _blames_the_url(error: Exception, request: Request) -> bool:
    """Say whether the same URL can never do better: no name in it could lead elsewhere."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, Refused):
        return cause.is_final or is_literal(request.target.raw_host or "")
    return isinstance(error, aiohttp.InvalidURL)


# First match wins, so the narrower class stands above the wider.
_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "the host's name does not resolve"),
    (aiohttp.ClientConnectorCertificateError, "the certificate is not valid: {reason}"),
    (aiohttp.ClientSSLError, "the TLS handshake failed: {reason}"),
    (aiohttp.ConnectionTimeoutError, "no connection within {policy.connect_timeout_s:g} s"),
    (TimeoutError, "timed out after {policy.total_timeout_s:g} s"),
    (aiohttp.ServerDisconnectedError, "the connection was closed before an answer came"),
    (aiohttp.InvalidURL, "the URL is not well formed: {reason}"),
    (aiohttp.ClientResponseError, "the answer is not HTTP"),
)


def _reason(error: Exception) -> str:
    """Pick the library's own words for it, without addresses of objects and line numbers."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, aiohttp.InvalidURL):
        return error.description or "its host is unusable"
    return type(error).__name__


def _complaint(response: aiohttp.ClientResponse) -> str | None:
    """Say why an answer is not a success; None for 2xx."""
    if 200 <= response.status < 300:
        return None
    location = response.headers.get("Location", "")
    if 300 <= response.status < 400 and location:
        return f"redirect to {_address_of(location)} not followed"
    return f"answered {response.status}"


def _address_of(location: str) -> str:
    """Leave out what asks: one that repeats a GET's query repeats the message's text."""
    address = re.split(r"[?#]", location, maxsplit=1)[0]
    return _storable(re.sub(r"//[^/]*@", "//", address).encode(errors="replace")) or "itself"


def _retry_after_s(response: aiohttp.ClientResponse, *, now: float) -> float | None:
    if response.status not in (429, 503):
        return None
    return parse_retry_after(response.headers.get("Retry-After", ""), now=now)


def parse_retry_after(value: str, *, now: float) -> float | None:
    """Read Retry-After as seconds from `now`, 0 to 3600; None when it says nothing we know.

    Source: RFC 9110 §10.2.3, and §5.6.7 for the date; its two obsolete forms are not read.
    """
    if re.fullmatch(r"[0-9]{1,18}", value):
        wait_s = float(value)
    else:
        try:
            date = datetime.strptime(value, "%a, %d %b %Y %H:%M:%S GMT")
        except ValueError:
            return None
        wait_s = date.replace(tzinfo=UTC).timestamp() - now
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)


def _storable(data: bytes) -> str:
    """Decode a peer's words; PostgreSQL refuses NUL, terminals obey the rest."""
    text = data[:_HEAD_BYTES].decode("utf-8", errors="replace")
    if text.isprintable():  # nearly always
        return text
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
