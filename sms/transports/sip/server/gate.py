"""Who is it? Until that is known, nobody learns or moves anything."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sms.transports.sip import digest
from sms.transports.sip.digest import NOBODY, Credentials, Nonces, Subscriber, Verdict
from sms.transports.sip.fields import Malformed, NameAddr, Uri, user_of
from sms.transports.sip.flow import Flow
from sms.transports.sip.guard import Guard
from sms.transports.sip.message import Request
from sms.transports.sip.office import Office
from sms.transports.sip.server.replies import COME_AGAIN, Asked, Replies
from sms.transports.sip.transaction import InProgress, Key, ServerTransactions

_ASSERTED: Final = "p-asserted-identity"


class Gate:
    """Asks for passwords, or takes the word of a proxy of ours."""

    def __init__(
        self,
        *,
        domain: str,
        is_our_host: Callable[[str], bool],
        vouches: Callable[[Flow], bool],
        nonces: Nonces,
        office: Office,
        answers: Guard,
        guesses: Guard,
        transactions: ServerTransactions,
        replies: Replies,
        admit: Callable[[Asked], None],
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """`admit` is called with every request whose sender is known for sure."""
        self._domain = domain
        self._is_our_host = is_our_host
        self._vouches = vouches
        self._nonces = nonces
        self._office = office
        self._answers = answers
        self._guesses = guesses
        self._transactions = transactions
        self._replies = replies
        self._admit = admit
        self._clock = clock
        self._wall = wall

    def identify(self, request: Request, flow: Flow) -> None:
        """Find out who asks, and admit them. Raises Malformed."""
        if request.headers.get(_ASSERTED) and self._vouches(flow):
            self._believe(request, flow)
        else:
            self._authenticate(request, flow)

    def _believe(self, request: Request, flow: Flow) -> None:
        """Take a proxy's word for who it is. Source: RFC 3325 §5."""
        login = user_of(NameAddr.read(request.headers.get(_ASSERTED)).uri)
        key = self._transactions.key(request)
        if self._is_repeated(key, flow):
            return

        def found(subscriber: Subscriber | None) -> None:
            asked = Asked(request, flow, subscriber.login if subscriber else "", key)
            if subscriber and subscriber.is_enabled:
                self._admit(asked)
            else:
                self._replies.answer(asked, 403)

        self._office.find(login, found, lambda: self._put_off(request, flow, key))

    def _authenticate(self, request: Request, flow: Flow) -> None:
        said = Credentials.find(request, self._domain)
        fresh = said is not None and self._nonces.is_ours(said.nonce, flow.host, self._wall())
        key = self._transactions.key(request)
        # With a nonce of ours its sender has had our 401 at this very address, so answering
        # it is no reflection.
        if said and fresh and self._is_repeated(key, flow):
            return
        guard = self._guesses if said else self._answers
        if not guard.admits(flow.host, self._clock()):
            self._transactions.forget(key)
            self._replies.refuse_service(request, flow)
            return
        login = said.username if said else _claimed(request)

        def checked(subscriber: Subscriber | None) -> None:
            self._checked(request, flow, said, subscriber or NOBODY, fresh=fresh)

        self._office.find(login, checked, lambda: self._put_off(request, flow, key))

    def _is_repeated(self, key: Key, flow: Flow) -> bool:
        """Begin a transaction; True when it has begun before, and got its answer again."""
        try:
            answer = self._transactions.begin(key, self._clock())
        except InProgress:
            return True
        if answer is not None:
            self._replies.again(flow, answer)
        return answer is not None

    def _put_off(self, request: Request, flow: Flow, key: Key) -> None:
        self._transactions.forget(key)
        self._replies.reply(request, flow, 503, COME_AGAIN)

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
        if said and self._is_for_us(request, said):
            verdict = digest.check(request, said, subscriber, self._nonces, fresh)
        if verdict is Verdict.RIGHT:
            self._guesses.give_back(flow.host)
            self._answers.give_back(flow.host)  # for the challenge
            self._admit(Asked(request, flow, subscriber.login, key))
            return
        self._transactions.forget(key)
        is_stale = verdict is Verdict.STALE
        if is_stale:  # no guess, but perhaps somebody else's letter, sent again
            self._guesses.give_back(flow.host)
            if not self._answers.admits(flow.host, self._clock()):
                self._replies.refuse_service(request, flow)
                return
        self._challenge(request, flow, subscriber, stale=is_stale)

    def _is_for_us(self, request: Request, said: Credentials) -> bool:
        """Say whether a digest was made for a request to this edge.

        Proxies respell the address, and some clients name the server instead of whom they
        write to. Source: RFC 3261 §22.4, item 8: not necessarily a failure.
        """
        if said.uri == request.uri:
            return True
        with suppress(Malformed):
            return self._is_our_host(Uri.read(said.uri).host)
        return False

    def _challenge(
        self, request: Request, flow: Flow, subscriber: Subscriber, *, stale: bool
    ) -> None:
        nonce = self._nonces.make(flow.host, self._wall())
        offers = digest.challenges(self._domain, nonce, subscriber, stale=stale)
        headers = [("www-authenticate", offer) for offer in offers]
        self._replies.reply(request, flow, 401, headers)


def _claimed(request: Request) -> str:
    """Say who a request claims to be from, to know which passwords to ask for."""
    return user_of(request.party("to" if request.method == "REGISTER" else "from").uri)
