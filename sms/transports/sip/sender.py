"""What we ask of clients: to take a message. No I/O.

One message at a time for each client, so that they arrive in order, as RFC 3428 §8 wants
it; to all places where the client is at once, and the first who takes it has it.
"""

import logging
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final

from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.transports.base import (
    Accepted,
    Fault,
    Outbound,
    OutcomeUnknown,
    Receipt,
    TransportError,
)
from sms.transports.sip import status as statuses
from sms.transports.sip.fields import escaped_user, quoted
from sms.transports.sip.flow import UDP, Flow
from sms.transports.sip.message import Headers, Request, Response, Unwritable
from sms.transports.sip.registrar import Binding, Registrar
from sms.transports.sip.status import Meaning
from sms.transports.sip.transaction import ClientTransaction, ClientTransactions, Timers

logger = logging.getLogger(__name__)

UDP_LIMIT: Final = 1_300
"""Octets of a request where the network may be congested unseen. Source: RFC 3428 §8."""
CLIENT_PREFIX: Final = "client:"
_WAIT_S: Final = 3600.0
"""How often a message looks whether its client is back; a REGISTER wakes it at once."""

Result = Accepted | TransportError | OutcomeUnknown


@dataclass(slots=True)
class _Delivery:
    """One message on its way to all places of its client."""

    outbound: Outbound
    login: str
    call_id: str
    open_branches: int = 0
    is_settled: bool = False
    failures: list[tuple[tuple[int, int], Meaning, str, float | None]] = field(default_factory=list)


class Sender:
    """The side of an edge that speaks to clients. Used by one thread."""

    def __init__(
        self,
        *,
        domain: str,
        local: str,
        registrar: Registrar,
        timers: Timers,
        waits_for_clients: bool,
        is_near: Callable[[Flow], bool],
        send: Callable[[Flow, bytes], bool],
        settle: Callable[[int, Result], None],
        delivered: Callable[[Receipt], None],
        lost: Callable[[Binding], None],
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """`local` is our address and port for Via; `lost` hears of places to be given up.

        `is_near` knows who is reached through our own network, with room for any size.
        """
        self._domain = domain
        self._local = local
        self._registrar = registrar
        self._waits = waits_for_clients
        self._is_near = is_near
        self._settle_key = settle
        self._delivered = delivered
        self._lost = lost
        self._clock = clock
        self._wall = wall
        self._queues: dict[str, deque[_Delivery]] = {}
        """By login; the first of each is out, the others wait for it."""
        self._transactions: ClientTransactions[tuple[_Delivery, Binding]] = ClientTransactions(
            timers, send=send, on_final=self._on_final
        )
        self._advancing: set[str] = set()

    @property
    def in_flight(self) -> int:
        """Count the messages that are out and not settled."""
        return sum(not queue[0].is_settled for queue in self._queues.values())

    @property
    def next_at(self) -> float | None:
        """When `poll` has something to do."""
        return self._transactions.next_at

    def take(self, outbound: Outbound) -> None:
        """Take a message: it goes out at once, or after those before it for the same client."""
        login = outbound.recipient.removeprefix(CLIENT_PREFIX).lower()
        delivery = _Delivery(outbound, login, secrets.token_hex(16))
        queue = self._queues.setdefault(login, deque())
        queue.append(delivery)
        if len(queue) == 1:
            self._begin(delivery)

    def receive(self, response: Response) -> None:
        """Take a client's answer."""
        if not self._transactions.receive(response, self._clock()):
            logger.debug("an answer to nothing asked: %s", response.status)

    def poll(self) -> None:
        """Repeat and give up what is due."""
        self._transactions.poll(self._clock())

    def flow_lost(self, flow: Flow) -> None:
        """Hear that a connection is gone."""
        self._transactions.flow_lost(flow)

    def drain(self) -> None:
        """Hand back what has not left; what is out may still be answered."""
        for queue in self._queues.values():
            while len(queue) > 1:
                waiting = queue.pop()
                self._settle_key(waiting.outbound.key, unsent("the edge is stopping"))

    def give_up(self, reason: str) -> None:
        """Hand back everything."""
        self.drain()
        self._transactions.clear()
        for queue in list(self._queues.values()):
            first = queue[0]
            if not first.is_settled:
                first.is_settled = True
                self._settle_key(first.outbound.key, OutcomeUnknown(reason, fault=Fault.LINE))
        self._queues.clear()

    # --- out ------------------------------------------------------------------------

    def _begin(self, delivery: _Delivery) -> None:
        bindings = self._registrar.of(delivery.login, self._wall())
        try:
            copies = [(binding, *self._request(delivery, binding)) for binding in bindings]
        except Unwritable as error:
            self._settle(
                delivery, TransportError(ErrorCode.UNKNOWN, permanent=True, raw=str(error))
            )
            return
        fitting = [
            (binding, branch, data)
            for binding, branch, data in copies
            if len(data) <= UDP_LIMIT
            or binding.flow.transport != UDP
            or self._is_near(binding.flow)
        ]
        if not fitting:
            reason = "too large for UDP" if copies else "not registered"
            meaning = statuses.TOO_LARGE if copies else statuses.NO_BINDING
            self._settle(delivery, self._error(meaning, reason, None))
            return
        delivery.open_branches = len(fitting)
        for binding, branch, data in fitting:
            self._transactions.begin(branch, binding.flow, data, (delivery, binding), self._clock())

    def _request(self, delivery: _Delivery, binding: Binding) -> tuple[str, bytes]:
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        outbound = delivery.outbound
        rows = (
            ("via", f"SIP/2.0/{binding.flow.transport} {self._local};branch={branch};rport"),
            ("max-forwards", "70"),
            ("from", f"{self._sender(outbound.sender)};tag={delivery.call_id[:8]}"),
            ("to", f"<sip:{escaped_user(delivery.login)}@{self._domain}>"),
            ("call-id", delivery.call_id),
            ("cseq", "1 MESSAGE"),
            ("date", formatdate(self._wall(), usegmt=True)),
            ("content-type", "text/plain;charset=UTF-8"),
        )
        body = outbound.text.encode("utf-8", errors="replace")
        request = Request(Headers(rows), body, method="MESSAGE", uri=binding.contact)
        return branch, request.to_bytes()

    def _sender(self, sender: str) -> str:
        name = sender.removeprefix(CLIENT_PREFIX)
        display = "" if name.isascii() and name.replace("+", "").isalnum() else f"{quoted(name)} "
        return f"{display}<sip:{escaped_user(name)}@{self._domain}>"

    # --- answers --------------------------------------------------------------------

    def _on_final(
        self,
        transaction: ClientTransaction[tuple[_Delivery, Binding]],
        response: Response | None,
        reason: str,
    ) -> None:
        delivery, binding = transaction.context
        delivery.open_branches -= 1
        if response is not None and response.status < 300:
            self._registrar.heard(binding)
            if not delivery.is_settled:
                self._succeed(delivery, response)
            return
        self._note_failure(delivery, binding, response, reason)
        if not delivery.open_branches and not delivery.is_settled:
            _, meaning, raw, retry_after_s = min(delivery.failures, key=lambda failure: failure[0])
            self._settle(delivery, self._error(meaning, raw, retry_after_s))

    def _succeed(self, delivery: _Delivery, response: Response) -> None:
        call_id = delivery.call_id
        self._settle(delivery, Accepted(call_id, call_id))
        if response.status == 200:  # 202 and others: somebody took it for the client
            raw = f"{response.status} {response.reason}"[:60]
            self._delivered(Receipt(call_id, (call_id,), Status.DELIVERED, None, raw))

    def _note_failure(
        self, delivery: _Delivery, binding: Binding, response: Response | None, reason: str
    ) -> None:
        if response is None:
            is_gone = "gone" in reason
            meaning = statuses.FLOW_LOST if is_gone else statuses.NO_ANSWER
            delivery.failures.append(
                (statuses.rank(503 if is_gone else 408), meaning, reason, None)
            )
            if self._registrar.silent(binding):
                self._lost(binding)
            return
        self._registrar.heard(binding)
        meaning = statuses.meaning(response.status)
        if meaning.is_alarming:
            logger.error("a client answered %s: who is between us?", response.status)
        if meaning.drops_binding:
            self._lost(binding)
        raw = f"{response.status} {response.reason}"[:200]
        failure = (statuses.rank(response.status), meaning, raw, _retry_after_s(response))
        delivery.failures.append(failure)

    def _error(self, meaning: Meaning, raw: str, retry_after_s: float | None) -> TransportError:
        code = meaning.code
        if meaning.may_wait and self._waits:
            wait_s, max_tries = _WAIT_S, None
        elif meaning.retry_s is None:
            return TransportError(code, permanent=True, raw=raw)
        else:
            wait_s = max(retry_after_s or 0.0, meaning.retry_s)
            max_tries = meaning.max_tries
        # Never the edge's own: one client's trouble says nothing of the others.
        return TransportError(
            code,
            permanent=False,
            raw=raw,
            retry_in_s=wait_s,
            max_tries=max_tries,
            fault=Fault.MESSAGE,
        )

    def _settle(self, delivery: _Delivery, result: Result) -> None:
        delivery.is_settled = True
        self._settle_key(delivery.outbound.key, result)
        self._advance(delivery.login)

    def _advance(self, login: str) -> None:
        """Let the next message for a client out; a loop, since each may fail on the spot."""
        queue = self._queues.get(login)
        if not queue or login in self._advancing:
            return
        self._advancing.add(login)
        while queue and queue[0].is_settled:
            queue.popleft()
            if queue:
                self._begin(queue[0])
        self._advancing.discard(login)
        if not queue:
            self._queues.pop(login, None)


def unsent(raw: str) -> TransportError:
    """Say of what was never tried that it has not left."""
    code = ErrorCode.UNREACHABLE_CARRIER
    return TransportError(code, permanent=False, raw=raw, fault=Fault.LINE)


def _retry_after_s(response: Response) -> float | None:
    text = response.headers.get("retry-after").partition("(")[0].partition(";")[0].strip()
    if text.isascii() and text.isdigit():
        return min(float(text), statuses.LONGEST_RETRY_S)
    return None
