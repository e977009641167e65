"""What clients ask of us: to be registered, and to pass on a message. No I/O.

    request -> guard -> method -> password -> registrar, or a report -> answer

Until its password was checked, here or by a proxy of ours, nobody learns or moves anything,
and no transaction is kept for it: a stranger gets 401, 404 or a word on the method, as often
as the guard allows.
"""

import itertools
import logging
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.transports.base import Inbound, Receipt, Refusal, Report
from sms.transports.sip import content, digest
from sms.transports.sip.answers import Rows, answer_to
from sms.transports.sip.digest import NOBODY, Credentials, Nonces, Subscriber, Verdict
from sms.transports.sip.fields import Malformed, NameAddr, Uri
from sms.transports.sip.flow import Flow
from sms.transports.sip.guard import Allowance, Guard, is_scanner
from sms.transports.sip.message import Message, Request
from sms.transports.sip.office import Office
from sms.transports.sip.registrar import Refused, Registrar, Update, contacts_of
from sms.transports.sip.transaction import InProgress, Key, ServerTransactions, Timers

logger = logging.getLogger(__name__)

ALLOW: Final = "MESSAGE, OPTIONS, REGISTER"
_OWN_HEADER: Final = re.compile(r"x-[a-z0-9-]{1,60}")
_ASSERTED: Final = "p-asserted-identity"
_COME_AGAIN: Final = (("retry-after", "5"),)
_OWED_MAX: Final = 5_000
"""Reports that may wait for the database."""

_REFUSALS: Final[Mapping[Refusal, tuple[int, str]]] = {
    Refusal.UNKNOWN_RECIPIENT: (404, "Not Found"),
    Refusal.NOT_ALLOWED: (403, "Forbidden"),
    Refusal.OVER_LIMIT: (403, "Daily limit reached"),
    Refusal.EMPTY: (400, "No text"),
    Refusal.TOO_LONG: (413, "Text too long"),
}
_CODES: Final[Mapping[Status | None, ErrorCode | None]] = {Status.FAILED: ErrorCode.UNKNOWN}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request whose password was right, until it is answered."""

    request: Request
    flow: Flow
    login: str
    """As it is stored."""
    key: Key


class Server:
    """The side of an edge that clients speak to. Used by one thread."""

    def __init__(
        self,
        *,
        domain: str,
        is_ours: Callable[[str], bool],
        vouches: Callable[[Flow], bool],
        nonces: Nonces,
        office: Office,
        registrar: Registrar,
        timers: Timers,
        allowance: Allowance,
        send: Callable[[Flow, bytes], bool],
        report: Callable[[Report], None],
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """`clock` counts seconds, `wall` those since 1970; `is_ours` knows our hosts.

        `vouches` knows the proxies whose word stands for a password.
        """
        self._domain = domain
        self._is_our_host = is_ours
        self._vouches = vouches
        self._office = office
        self._registrar = registrar
        self._send = send
        self._report = report
        self._clock = clock
        self._wall = wall
        self._guard = Guard(allowance)
        self._nonces = nonces
        self._transactions = ServerTransactions(timers)
        self._session = secrets.token_hex(8)
        """Names this run: what comes again after it is known as a repetition."""
        self._tokens = itertools.count(1)
        self._owed: dict[int, _Asked] = {}

    def receive(self, request: Request, flow: Flow) -> None:
        """Take a request. Raises Malformed, for what only shows when one looks closer."""
        if request.method == "ACK" or is_scanner(request):
            return
        refusal = _METHODS.get(request.method, (501, ()))
        if refusal is not None:
            self._turn_away(request, flow, *refusal)
        elif int(request.headers.get("max-forwards", "70")) == 0 and request.method != "OPTIONS":
            self._turn_away(request, flow, 483)
        elif not self._is_ours(request):
            self._turn_away(request, flow, 404)
        elif unknown := request.headers.values("require"):
            headers = (("unsupported", ", ".join(unknown)[:200]),)
            self._turn_away(request, flow, 420, headers)
        elif request.method == "OPTIONS":
            self._turn_away(request, flow, 200, (("allow", ALLOW), ("accept", content.ACCEPT)))
        else:
            self._identify(request, flow)

    def answer(self, tokens: Collection[int], *, stored: bool) -> None:
        """Answer what the platform has stored, or could not store now."""
        for token in tokens:
            if asked := self._owed.pop(token, None):
                is_note = asked.request.headers.get("content-type").startswith("message/imdn")
                status = (200 if is_note else 202) if stored else 503
                self._answer(asked, status, () if stored else _COME_AGAIN)

    def refuse(self, refusals: Mapping[int, Refusal]) -> None:
        """Answer what the platform does not take."""
        for token, refusal in refusals.items():
            if asked := self._owed.pop(token, None):
                status, reason = _REFUSALS[refusal]
                self._answer(asked, status, reason=reason)

    def forget_owed(self) -> None:
        """Let go of what nobody will answer any more."""
        self._owed.clear()

    def poll(self) -> None:
        """Drop what is over."""
        self._transactions.poll(self._clock())

    # --- who is it ------------------------------------------------------------------

    def _is_ours(self, request: Request) -> bool:
        try:
            uri = Uri.read(request.uri)
        except Malformed:
            return False
        return uri.scheme == "tel" or self._is_our_host(uri.host)

    def _identify(self, request: Request, flow: Flow) -> None:
        if request.headers.get(_ASSERTED) and self._vouches(flow):
            self._believe(request, flow)
        else:
            self._authenticate(request, flow)

    def _believe(self, request: Request, flow: Flow) -> None:
        """Take a proxy's word for who it is. Source: RFC 3325 §5."""
        login = _user(NameAddr.read(request.headers.get(_ASSERTED)).uri)
        key = self._transactions.key(request)
        try:
            answer = self._transactions.begin(key, self._clock())
        except InProgress:
            return
        if answer is not None:
            self._send(flow, answer)
            return

        def found(subscriber: Subscriber | None) -> None:
            asked = _Asked(request, flow, subscriber.login if subscriber else "", key)
            if subscriber and subscriber.is_enabled:
                self._admit(asked)
            else:
                self._answer(asked, 403)

        def unavailable() -> None:
            self._transactions.forget(key)
            self._reply(request, flow, 503, _COME_AGAIN)

        self._office.find(login, found, unavailable)

    def _authenticate(self, request: Request, flow: Flow) -> None:
        said = Credentials.find(request, self._domain)
        fresh = said is not None and self._nonces.is_ours(said.nonce, flow.host, self._wall())
        key = self._transactions.key(request)
        if said and fresh:
            # Its sender has had our 401 at this very address, so this is no reflection.
            try:
                answer = self._transactions.begin(key, self._clock())
            except InProgress:
                return
            if answer is not None:
                self._send(flow, answer)
                return
        if not self._guard.admits(flow.host, self._clock()):
            self._transactions.forget(key)
            return
        login = said.username if said else _claimed(request)

        def checked(subscriber: Subscriber | None) -> None:
            self._checked(request, flow, said, subscriber or NOBODY, fresh=fresh)

        def unavailable() -> None:
            self._transactions.forget(key)
            self._reply(request, flow, 503, _COME_AGAIN)

        self._office.find(login, checked, unavailable)

    def _checked(
        self,
        request: Request,
        flow: Flow,
        said: Credentials | None,
        subscriber: Subscriber,
        *,
        fresh: bool,
    ) -> None:
        key = self._transactions.key(request)
        verdict = Verdict.WRONG
        if said:
            verdict = digest.check(request, said, subscriber, self._nonces, fresh)
        if verdict is not Verdict.RIGHT:
            self._transactions.forget(key)
            self._challenge(request, flow, subscriber, stale=verdict is Verdict.STALE)
            return
        self._guard.give_back(flow.host)  # for the challenge
        self._guard.give_back(flow.host)  # and for its answer
        self._admit(_Asked(request, flow, subscriber.login, key))

    def _admit(self, asked: _Asked) -> None:
        try:
            _AUTHENTICATED[asked.request.method](self, asked)
        except Malformed as error:
            self._answer(asked, error.status, reason=f"Bad Request: {error.reason}")

    def _challenge(
        self, request: Request, flow: Flow, subscriber: Subscriber, *, stale: bool
    ) -> None:
        nonce = self._nonces.make(flow.host, self._wall())
        offers = digest.challenges(self._domain, nonce, subscriber, stale=stale)
        self._reply(request, flow, 401, [("www-authenticate", offer) for offer in offers])

    # --- REGISTER -------------------------------------------------------------------

    def _register(self, asked: _Asked) -> None:
        if _user(asked.request.party("to").uri).lower() != asked.login.lower():
            self._answer(asked, 403, reason="Not your own address")
            return
        try:
            update = self._registrar.update(asked.request, asked.login, asked.flow, self._wall())
        except Refused as refused:
            self._answer(asked, refused.status, refused.headers, reason=refused.reason)
            return
        if not update.writes and not update.removed:
            self._registered(asked, update)
            return

        def kept(is_kept: bool) -> None:
            if is_kept:
                self._registered(asked, update)
            else:
                self._answer(asked, 503, _COME_AGAIN)

        self._office.write(update.writes, update.removed, kept)

    def _registered(self, asked: _Asked, update: Update) -> None:
        self._registrar.apply(update)
        now = self._wall()
        contacts = contacts_of(self._registrar.of(asked.login, now), now)
        self._answer(asked, 200, [*contacts, ("date", formatdate(now, usegmt=True))])

    # --- MESSAGE --------------------------------------------------------------------

    def _message(self, asked: _Asked) -> None:
        sender = _user(asked.request.party("from").uri)
        try:
            read = content.read_content(asked.request)
        except content.Unsupported:
            accepted = (("accept", content.ACCEPT), ("accept-encoding", content.ACCEPT_ENCODING))
            self._answer(asked, 415, accepted)
            return
        token = next(self._tokens)
        report: Report
        if isinstance(read, content.Notification):
            report = Receipt(
                remote_id=read.message_id,
                remote_keys=(read.message_id,) if read.message_id else (),
                status=read.status,
                code=_CODES.get(read.status),
                raw=f"imdn:{read.word}",
                token=token,
            )
        elif isinstance(read, content.Text):
            own = sender.lower() == asked.login.lower()
            report = Inbound(
                sender=asked.login if own else sender,
                recipient=_user(asked.request.uri),
                text=read.text,
                token=token,
                login=asked.login,
                request_id=_request_id(asked.request),
                session=self._session,
                headers=_extra_headers(asked.request),
            )
        else:
            self._answer(asked, 200)
            return
        self._hand_in(asked, report, token)

    def _hand_in(self, asked: _Asked, report: Report, token: int) -> None:
        if len(self._owed) >= _OWED_MAX:
            self._answer(asked, 503, _COME_AGAIN)
            return
        self._owed[token] = asked
        try:
            self._report(report)
        except Exception:
            logger.exception("a client's message was not taken")
            self._owed.pop(token, None)
            self._answer(asked, 503, _COME_AGAIN)

    # --- answers --------------------------------------------------------------------

    def _turn_away(self, request: Request, flow: Flow, status: int, headers: Rows = ()) -> None:
        """Answer without a transaction, if this source may have an answer at all."""
        known = bool(self._registrar.on_flow(flow))
        if known or self._guard.admits(flow.host, self._clock()):
            self._reply(request, flow, status, headers)

    def _answer(self, asked: _Asked, status: int, headers: Rows = (), *, reason: str = "") -> None:
        """Answer a client, and keep the answer for repetitions of the request."""
        data = self._reply(asked.request, asked.flow, status, headers, reason=reason)
        self._transactions.answered(asked.key, data, self._clock())

    def _reply(
        self, request: Request, flow: Flow, status: int, headers: Rows = (), *, reason: str = ""
    ) -> bytes:
        tag = secrets.token_hex(4)
        data = answer_to(request, flow, status, tag=tag, headers=headers, reason=reason).to_bytes()
        self._send(flow, data)
        return data


def _claimed(request: Request) -> str:
    """Say who a request claims to be from, to know which passwords to ask for."""
    return _user(request.party("to" if request.method == "REGISTER" else "from").uri)


def _user(uri: str) -> str:
    try:
        return Uri.read(uri).user
    except Malformed:
        return ""


def _extra_headers(request: Request) -> tuple[tuple[str, str], ...]:
    """List the client's own headers. Source: sms-api 7.4."""
    own = [(name, value) for name, value in request.headers.items if _OWN_HEADER.fullmatch(name)]
    return tuple((f"SipHeader_{name.title()}", value[:200]) for name, value in own[:10])


def _request_id(message: Message) -> str:
    number, _ = message.cseq
    return f"{message.call_id[:200]} {number}"


_METHODS: Final[Mapping[str, tuple[int, Rows] | None]] = {
    "REGISTER": None,
    "MESSAGE": None,
    "OPTIONS": None,
    "INVITE": (405, (("allow", ALLOW),)),
    "SUBSCRIBE": (489, ()),
    "PUBLISH": (489, ()),
    "NOTIFY": (481, ()),
    "BYE": (481, ()),
    "CANCEL": (481, ()),
    "PRACK": (481, ()),
    "UPDATE": (481, ()),
    "INFO": (405, (("allow", ALLOW),)),
    "REFER": (405, (("allow", ALLOW),)),
}
"""None for what we do; anything else is a method that nobody here knows: 501."""

_AUTHENTICATED: Final[Mapping[str, Callable[[Server, _Asked], None]]] = {
    "REGISTER": Server._register,
    "MESSAGE": Server._message,
}
