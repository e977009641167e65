"""What we ask of clients: to take a message. No I/O.

letter.py    a message as octets
failures.py  what it comes to when no place takes it

One message at a time for each client, so that they arrive in order, as RFC 3428 §8 wants
it; to all places where the client is at once, and the first who takes it has it.
"""

import logging
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

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
from sms.transports.sip.flow import Flow
from sms.transports.sip.message import Response, Unwritable
from sms.transports.sip.registrar import Binding, Registrar
from sms.transports.sip.sender.failures import (
    Failure,
    error_of,
    half_taken,
    refused,
    unanswered,
    unsent,
)
from sms.transports.sip.sender.letter import Letters, login_of
from sms.transports.sip.settings import Policy, SipSettings
from sms.transports.sip.status import Meaning
from sms.transports.sip.transaction import ClientTransaction, ClientTransactions

__all__ = ["Result", "Sender", "unsent"]

logger = logging.getLogger(__name__)

Result = Accepted | TransportError | OutcomeUnknown


@dataclass(slots=True)
class _Delivery:
    """One message on its way to all places of its client."""

    outbound: Outbound
    login: str
    call_id: str
    open_branches: int = 0
    is_settled: bool = False
    failures: list[Failure] = field(default_factory=list)


@dataclass(slots=True)
class _Copy:
    """It on its way to one of them, perhaps in several requests, one after the other."""

    delivery: _Delivery
    binding: Binding
    left: list[str]
    is_begun: bool = False
    """The client has taken some of it."""


class Sender:
    """The side of an edge that speaks to clients. Used by one thread."""

    def __init__(
        self,
        settings: SipSettings,
        policy: Policy,
        *,
        registrar: Registrar,
        send: Callable[[Flow, bytes], bool],
        settle: Callable[[int, Result], None],
        delivered: Callable[[Receipt], None],
        lost: Callable[[Binding], None],
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """`lost` hears of places to be given up."""
        self._settings = settings
        self._letters = Letters(settings, wall)
        self._registrar = registrar
        self._settle_key = settle
        self._delivered = delivered
        self._lost = lost
        self._clock = clock
        self._wall = wall
        self._queues: dict[str, deque[_Delivery]] = {}
        """By login; the first of each is out, the others wait for it."""
        self._transactions: ClientTransactions[_Copy] = ClientTransactions(
            policy.timers, send=send, on_final=self._on_final
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
        login = login_of(outbound)
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
        outbound = delivery.outbound
        try:
            copies = [_Copy(delivery, to, self._letters.cut(outbound, to)) for to in bindings]
            first = [(copy, *self._next(copy)) for copy in copies if copy.left]
        except Unwritable as error:
            self._settle(
                delivery, TransportError(ErrorCode.UNKNOWN, permanent=True, raw=str(error))
            )
            return
        if not first:
            self._fail(delivery, *self._obstacle(delivery, is_somewhere=bool(copies)))
            return
        delivery.open_branches = len(first)
        for copy, branch, data in first:
            self._transactions.begin(branch, copy.binding.flow, data, copy, self._clock())

    def _obstacle(self, delivery: _Delivery, *, is_somewhere: bool) -> tuple[Meaning, str]:
        if is_somewhere:
            return statuses.TOO_LARGE, "too large for UDP"
        if self._registrar.is_expected(delivery.login, self._wall()):
            return statuses.COMES_BACK, "its connection ended with the edge; it may be back"
        return statuses.NO_BINDING, "not registered"

    def _next(self, copy: _Copy) -> tuple[str, bytes]:
        """Write the next request of a copy. A new Call-ID, or clients would take it for known."""
        delivery = copy.delivery
        call_id = secrets.token_hex(16) if copy.is_begun else delivery.call_id
        return self._letters.write(delivery.outbound, copy.binding, copy.left.pop(0), call_id)

    # --- answers --------------------------------------------------------------------

    def _on_final(
        self, transaction: ClientTransaction[_Copy], response: Response | None, reason: str
    ) -> None:
        copy = transaction.context
        delivery = copy.delivery
        is_taken = response is not None and response.status < 300
        if is_taken and copy.left:
            copy.is_begun = True
            branch, data = self._next(copy)
            self._transactions.begin(branch, copy.binding.flow, data, copy, self._clock())
            return
        delivery.open_branches -= 1
        if response is not None and is_taken:
            self._registrar.heard(copy.binding)
            if not delivery.is_settled:
                self._succeed(delivery, response)
            return
        self._note_failure(copy, response, reason)
        if not delivery.open_branches and not delivery.is_settled:
            best = min(delivery.failures, key=lambda failure: failure.rank)
            self._fail(delivery, best.meaning, best.raw, best.retry_after_s)

    def _succeed(self, delivery: _Delivery, response: Response) -> None:
        call_id = delivery.call_id
        self._settle(delivery, Accepted(call_id, call_id))
        if response.status == 200:  # 202 and others: somebody took it for the client
            raw = f"{response.status} {response.reason}"[:60]
            self._delivered(Receipt(call_id, (call_id,), Status.DELIVERED, None, raw))

    def _note_failure(self, copy: _Copy, response: Response | None, reason: str) -> None:
        binding = copy.binding
        if response is None:
            failure = unanswered(reason, flow_is_gone="gone" in reason)
            drops = self._registrar.silent(binding)
        else:
            self._registrar.heard(binding)
            failure = refused(response)
            drops = failure.meaning.drops_binding
            if failure.meaning.is_alarming:
                logger.error("a client answered %s: who is between us?", response.status)
        if drops:
            self._lost(binding)
        copy.delivery.failures.append(half_taken(failure) if copy.is_begun else failure)

    def _fail(
        self, delivery: _Delivery, meaning: Meaning, raw: str, retry_after_s: float | None = None
    ) -> None:
        waits = self._settings.waits_for_clients
        self._settle(delivery, error_of(meaning, raw, retry_after_s, waits=waits))

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
