"""Answers: to clients, whose requests are known again, and to strangers, as often as they may."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sms.transports.sip.answers import Rows, answer_to
from sms.transports.sip.flow import Flow
from sms.transports.sip.guard import Guard
from sms.transports.sip.message import Request
from sms.transports.sip.registrar import Registrar
from sms.transports.sip.transaction import Key, ServerTransactions

COME_AGAIN: Final = (("retry-after", "5"),)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose password was right, until it is answered."""

    request: Request
    flow: Flow
    login: str
    """As it is stored."""
    key: Key


class Replies:
    """Writes answers, and remembers those that a repetition of the request would get again."""

    def __init__(
        self,
        *,
        transactions: ServerTransactions,
        guard: Guard,
        registrar: Registrar,
        send: Callable[[Flow, bytes], bool],
        clock: Callable[[], float],
    ) -> None:
        self._transactions = transactions
        self._guard = guard
        self._registrar = registrar
        self._send = send
        self._clock = clock
        self._secret = secrets.token_bytes(16)

    def answer(self, asked: Asked, status: int, headers: Rows = (), *, reason: str = "") -> None:
        """Answer a client, and keep the answer for repetitions of the request."""
        data = self.reply(asked.request, asked.flow, status, headers, reason=reason)
        self._transactions.answered(asked.key, data, self._clock())

    def turn_away(
        self,
        request: Request,
        flow: Flow,
        status: int,
        headers: Rows = (),
        *,
        reason: str = "",
    ) -> None:
        """Answer without a transaction, if this source may have an answer at all."""
        known = bool(self._registrar.on_flow(flow))
        if known or self._guard.admits(flow.host, self._clock()):
            self.reply(request, flow, status, headers, reason=reason)
        else:
            self.refuse_service(request, flow)

    def reply(
        self, request: Request, flow: Flow, status: int, headers: Rows = (), *, reason: str = ""
    ) -> bytes:
        """Answer, and return what was written."""
        tag = self._tag(request)
        data = answer_to(request, flow, status, tag=tag, headers=headers, reason=reason).to_bytes()
        self._send(flow, data)
        return data

    def refuse_service(self, request: Request, flow: Flow) -> None:
        """Tell a source that asks too much, where nobody else can be hit by the answer.

        A datagram is sent again until it is answered; over a connection silence would last.
        """
        if flow.is_reliable:
            self.reply(request, flow, 503, COME_AGAIN)

    def _tag(self, request: Request) -> str:
        """Make the tag of our side: a repetition gets the same one. Source: RFC 3261 §8.2.7."""
        named = " ".join((request.via.branch, request.call_id, request.headers.get("from")))
        return hashlib.blake2b(named.encode(), digest_size=5, key=self._secret).hexdigest()

    def again(self, flow: Flow, data: bytes) -> None:
        """Say once more what was answered."""
        self._send(flow, data)
