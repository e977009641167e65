"""Transactions that are no INVITE's: what was answered is answered alike, what is asked is
repeated until it is answered. No I/O, and no clock of its own. Source: RFC 3261 §17.
"""

import heapq
import itertools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from sms.transports.sip.flow import Flow
from sms.transports.sip.message import Request, Response

_C = TypeVar("_C")


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds. Source: RFC 3261 §17, table 4."""

    t1: float = 0.5
    """How long a round trip is thought to take."""
    t2: float = 4.0
    """The longest wait between two repetitions."""
    t4: float = 5.0
    """How long a message may stay in the network."""

    @property
    def timeout(self) -> float:
        """Timers F and J."""
        return 64 * self.t1


_ANSWERED_MAX: Final = 20_000
_OPEN_MAX: Final = 20_000

Key = tuple[str, str, str]


class ServerTransactions:
    """What clients asked of us: a repetition gets the answer of the first time."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._answers: OrderedDict[Key, tuple[float, bytes]] = OrderedDict()
        self._open: OrderedDict[Key, float] = OrderedDict()

    @staticmethod
    def key(request: Request) -> Key:
        """Name a request's transaction. Source: RFC 3261 §17.2.3."""
        via = request.via
        # Before RFC 3261 a branch was not unique: what stood for it then is added.
        unique = "" if via.branch.startswith("z9hG4bK") else request.call_id
        return (f"{via.branch} {unique}", via.sent_by, f"{request.cseq[0]} {request.method}")

    def begin(self, key: Key, now: float) -> bytes | None:
        """Begin a transaction; return the answer that it has had already.

        Raises InProgress when the first one has not been answered yet.
        """
        if known := self._answers.get(key):
            return known[1]
        if key in self._open:
            raise InProgress
        self._open[key] = now
        while len(self._open) > _OPEN_MAX:
            self._open.popitem(last=False)
        return None

    def answered(self, key: Key, answer: bytes, now: float) -> None:
        """Keep an answer until timer J."""
        self._open.pop(key, None)
        self._answers[key] = (now + self._timers.timeout, answer)
        while len(self._answers) > _ANSWERED_MAX:
            self._answers.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Let a transaction begin anew: it was answered in a way that needs no memory."""
        self._open.pop(key, None)

    def poll(self, now: float) -> None:
        """Drop what is over."""
        while self._answers and next(iter(self._answers.values()))[0] <= now:
            self._answers.popitem(last=False)
        while self._open and next(iter(self._open.values())) <= now - self._timers.timeout:
            self._open.popitem(last=False)

    def __len__(self) -> int:
        return len(self._answers) + len(self._open)


class InProgress(Exception):
    """The same request is being worked on; its answer will do for both."""


@dataclass(slots=True)
class ClientTransaction(Generic[_C]):
    """One request of ours, to one place."""

    branch: str
    flow: Flow
    data: bytes = field(repr=False)
    context: _C
    ends_at: float
    repeats_at: float | None
    interval: float
    is_over: bool = False


class ClientTransactions(Generic[_C]):
    """What we asked of clients. `on_final` hears exactly once of each, with None for timer F."""

    def __init__(
        self,
        timers: Timers,
        *,
        send: Callable[[Flow, bytes], bool],
        on_final: Callable[[ClientTransaction[_C], Response | None, str], None],
    ) -> None:
        self._timers = timers
        self._send = send
        self._on_final = on_final
        self._open: dict[str, ClientTransaction[_C]] = {}
        self._absorbed: OrderedDict[str, float] = OrderedDict()
        """Branches whose answer is in, until timer K: its repetitions mean nothing."""
        self._due: list[tuple[float, int, ClientTransaction[_C]]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def next_at(self) -> float | None:
        """When `poll` has something to do."""
        while self._due and self._due[0][2].is_over:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def begin(self, branch: str, flow: Flow, data: bytes, context: _C, now: float) -> None:
        """Send a request, and again where nobody else takes care that it arrives."""
        repeats_at = None if flow.is_reliable else now + self._timers.t1
        ends_at = now + self._timers.timeout
        transaction = ClientTransaction(
            branch, flow, data, context, ends_at, repeats_at, self._timers.t1
        )
        self._open[branch] = transaction
        self._plan(transaction)
        if not self._send(flow, data):
            self._end(transaction, None, "the connection is gone")

    def receive(self, response: Response, now: float) -> bool:
        """Take an answer; False when it belongs to nothing that we asked."""
        branch = response.via.branch
        transaction = self._open.get(branch)
        if transaction is None:
            return branch in self._absorbed
        if response.status < 200:  # proceeding: repeated at T2. Source: RFC 3261 §17.1.2.2
            transaction.interval = self._timers.t2
            return True
        self._absorbed[branch] = now + self._timers.t4
        self._end(transaction, response, "")
        return True

    def poll(self, now: float) -> None:
        """Repeat what is due, give up what is over (timers E, F and K)."""
        while self._due and self._due[0][0] <= now:
            _, _, transaction = heapq.heappop(self._due)
            if transaction.is_over:
                continue
            if transaction.ends_at <= now:
                self._end(transaction, None, "no answer came")
                continue
            if transaction.repeats_at is not None and transaction.repeats_at <= now:
                if not self._send(transaction.flow, transaction.data):
                    self._end(transaction, None, "the connection is gone")
                    continue
                transaction.interval = min(2 * transaction.interval, self._timers.t2)
                transaction.repeats_at = now + transaction.interval
            self._plan(transaction)
        while self._absorbed and next(iter(self._absorbed.values())) <= now:
            self._absorbed.popitem(last=False)

    def flow_lost(self, flow: Flow) -> None:
        """Give up what waits for an answer over a connection that is gone."""
        for transaction in [t for t in self._open.values() if t.flow == flow]:
            self._end(transaction, None, "the connection is gone")

    def open_contexts(self) -> list[_C]:
        """List what waits for an answer."""
        return [transaction.context for transaction in self._open.values()]

    def clear(self) -> None:
        """Forget all of them, without a word."""
        for transaction in self._open.values():
            transaction.is_over = True
        self._open.clear()
        self._due.clear()

    def _plan(self, transaction: ClientTransaction[_C]) -> None:
        times = [transaction.ends_at]
        if transaction.repeats_at is not None:
            times.append(transaction.repeats_at)
        heapq.heappush(self._due, (min(times), next(self._order), transaction))

    def _end(
        self, transaction: ClientTransaction[_C], response: Response | None, reason: str
    ) -> None:
        transaction.is_over = True
        self._open.pop(transaction.branch, None)
        self._on_final(transaction, response, reason)
