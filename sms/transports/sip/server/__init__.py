"""What clients ask of us: to be registered, and to pass on a message. No I/O.

    request -> method -> gate -> registration, or post -> replies

gate.py          who is it: a password, or the word of a proxy of ours
registration.py  REGISTER
post.py          MESSAGE: texts and notes about texts
replies.py       answers: to clients, and to strangers

Until its password was checked, here or by a proxy of ours, nobody learns or moves anything,
and no transaction is kept for it: a stranger gets 401, 404 or a word on the method, as often
as the guard allows.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from sms.transports.base import Refusal, Report
from sms.transports.sip import content
from sms.transports.sip.answers import Rows
from sms.transports.sip.digest import Nonces
from sms.transports.sip.fields import Malformed, Uri
from sms.transports.sip.flow import Flow
from sms.transports.sip.guard import Guard, is_scanner
from sms.transports.sip.message import Request
from sms.transports.sip.office import Office
from sms.transports.sip.registrar import Registrar
from sms.transports.sip.server.gate import Gate
from sms.transports.sip.server.post import Post
from sms.transports.sip.server.registration import Registration
from sms.transports.sip.server.replies import Asked, Replies
from sms.transports.sip.settings import Policy, SipSettings
from sms.transports.sip.transaction import ServerTransactions

ALLOW: Final = "MESSAGE, OPTIONS, REGISTER"


class Server:
    """The side of an edge that clients speak to. Used by one thread."""

    def __init__(
        self,
        settings: SipSettings,
        policy: Policy,
        *,
        office: Office,
        registrar: Registrar,
        send: Callable[[Flow, bytes], bool],
        report: Callable[[Report], None],
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """`clock` counts seconds, `wall` those since 1970."""
        self._settings = settings
        self._clock = clock
        self._transactions = ServerTransactions(policy.timers)
        answers = Guard(policy.answers)
        self._replies = Replies(
            transactions=self._transactions,
            guard=answers,
            registrar=registrar,
            send=send,
            clock=clock,
        )
        self._gate = Gate(
            domain=settings.domain,
            is_our_host=settings.means_this_edge,
            vouches=settings.vouches,
            nonces=Nonces(settings.secret),
            office=office,
            answers=answers,
            guesses=Guard(policy.guesses),
            transactions=self._transactions,
            replies=self._replies,
            admit=self._admit,
            clock=clock,
            wall=wall,
        )
        self._registration = Registration(
            registrar=registrar, office=office, replies=self._replies, wall=wall
        )
        self._post = Post(replies=self._replies, report=report)

    def receive(self, request: Request, flow: Flow) -> None:
        """Take a request. Raises Malformed, for what only shows when one looks closer."""
        if request.method == "ACK" or is_scanner(request):
            return
        turn_away = self._replies.turn_away
        refusal = _METHODS.get(request.method, (501, ()))
        if refusal is not None:
            turn_away(request, flow, *refusal)
        elif int(request.headers.get("max-forwards", "70")) == 0 and request.method != "OPTIONS":
            turn_away(request, flow, 483)
        elif not self._is_ours(request):
            turn_away(request, flow, 404)
        elif unknown := request.headers.values("require"):
            turn_away(request, flow, 420, (("unsupported", ", ".join(unknown)[:200]),))
        elif request.method == "OPTIONS":
            turn_away(request, flow, 200, (("allow", ALLOW), ("accept", content.ACCEPT)))
        else:
            self._gate.identify(request, flow)

    def complain(self, request: Request, flow: Flow, error: Malformed) -> None:
        """Say what is wrong with a request that cannot be read. Raises Malformed."""
        if request.method != "ACK" and not is_scanner(request):
            self._replies.turn_away(request, flow, error.status, reason=error.reason)

    def answer(self, tokens: Collection[int], *, stored: bool) -> None:
        """Answer what the platform has stored, or could not store now."""
        self._post.answer(tokens, stored=stored)

    def refuse(self, refusals: Mapping[int, Refusal]) -> None:
        """Answer what the platform does not take."""
        self._post.refuse(refusals)

    def forget_owed(self) -> None:
        """Let go of what nobody will answer any more."""
        self._post.forget_owed()

    def poll(self) -> None:
        """Drop what is over."""
        self._transactions.poll(self._clock())

    def _is_ours(self, request: Request) -> bool:
        try:
            uri = Uri.read(request.uri)
        except Malformed:
            return False
        return uri.scheme == "tel" or self._settings.means_this_edge(uri.host)

    def _admit(self, asked: Asked) -> None:
        try:
            _AUTHENTICATED[asked.request.method](self, asked)
        except Malformed as error:
            self._replies.answer(asked, error.status, reason=error.reason)

    def _register(self, asked: Asked) -> None:
        self._registration.register(asked)

    def _message(self, asked: Asked) -> None:
        self._post.take(asked)


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

_AUTHENTICATED: Final[Mapping[str, Callable[[Server, Asked], None]]] = {
    "REGISTER": Server._register,
    "MESSAGE": Server._message,
}
