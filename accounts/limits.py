"""How much an account may ask for: requests a second, messages a day.

A process takes permits in blocks, one guarded statement each, and hands them out from memory:
all processes together never hand out more than the limit, and each leaves at most one block
unused when a window ends. Windows are whole seconds and days of UTC, by the database's clock.
What no limit holds for writes nothing and asks for nothing.

Requests count for the account whose credentials they carry, whatever becomes of them;
messages, once they are accepted, for the account that they belong to. Both count for the
accounts above it as well: whoever may make sub-accounts could get round its limits otherwise.
"""

import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection

from accounts.authentication import Caller
from accounts.bounds import Bound
from accounts.models import Allowance

Kind = Allowance.Kind

BLOCKS = 20
"""Into how many blocks a limit is cut: what it costs in statements, and in unused permits."""
MAX_PURSES = 10_000
"""Of how many accounts a process remembers its block; the longest unused is forgotten."""


class LimitReached(Exception):
    """An account asked for more than it may; after `retry_after_s` it may ask again."""

    text: str
    text_from_above: str
    """Without the number: what an account above has agreed on is its own affair."""

    def __init__(self, limit: int, retry_after_s: int) -> None:
        super().__init__(self.text.format(limit))
        self.retry_after_s = retry_after_s

    def blame_above(self) -> None:
        """Say that it is the limit of an account above."""
        self.args = (self.text_from_above,)


class RateExceeded(LimitReached):
    """Too many requests in this second."""

    text = "This account may make {} requests a second."
    text_from_above = "An account above this one has made all its requests of this second."


class QuotaExceeded(LimitReached):
    """Too many messages today."""

    text = "This account may send {} messages a day; the next day begins at 00:00 UTC."
    text_from_above = (
        "An account above this one has sent all its messages of today; "
        "the next day begins at 00:00 UTC."
    )


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a limit counts in, and what to say when it is reached."""

    length_s: int
    error: type[LimitReached]


WINDOWS = {
    Kind.REQUEST: Window(1, RateExceeded),
    Kind.MESSAGE: Window(24 * 3600, QuotaExceeded),
}


Permit = int
"""The number of the window that a permit counts in."""


class Permits:
    """The permits that one process holds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._purses: dict[tuple[Kind, int], _Purse]
        self.forget()

    def take(self, kind: Kind, account_id: int, limit: int) -> Permit:
        """Take a permit. Raises RateExceeded, QuotaExceeded."""
        return self._purse(kind, account_id).take(limit)

    def give_back(self, kind: Kind, account_id: int, permit: Permit) -> None:
        """Give back a permit that was not used; it may serve another until its window ends."""
        self._purse(kind, account_id).give_back(permit)

    def take_each(self, kind: Kind, bounds: Sequence[Bound]) -> tuple[Permit, ...]:
        """Take a permit within each bound, or none. Raises RateExceeded, QuotaExceeded."""
        taken: tuple[Permit, ...] = ()
        for bound in bounds:
            try:
                taken += (self.take(kind, bound.account_id, bound.limit),)
            except LimitReached as error:
                self.give_each_back(kind, bounds, taken)
                if bound.is_above:
                    error.blame_above()
                raise
        return taken

    def give_each_back(
        self, kind: Kind, bounds: Sequence[Bound], permits: Sequence[Permit]
    ) -> None:
        """Give back the permits within the first of some bounds."""
        for bound, permit in zip(bounds, permits, strict=False):
            self.give_back(kind, bound.account_id, permit)

    def forget(self) -> None:
        """Hold nothing: after a fork, neither permits of the parent nor its locks."""
        self._lock = threading.Lock()
        self._purses = {}

    def _purse(self, kind: Kind, account_id: int) -> "_Purse":
        with self._lock:
            purse = self._purses.pop((kind, account_id), None)
            if purse is None:
                purse = _Purse(kind, account_id, self._clock)
            self._purses[kind, account_id] = purse  # now the youngest
            if len(self._purses) > MAX_PURSES:
                del self._purses[next(iter(self._purses))]
            return purse


class _Purse:
    """One account's permits of one kind; while a thread takes a block, the others wait for it."""

    def __init__(self, kind: Kind, account_id: int, clock: Callable[[], float]) -> None:
        self._kind = kind
        self._account_id = account_id
        self._clock = clock
        self._lock = threading.Lock()
        self._limit = -1
        self._window: Permit = -1
        self._left = 0
        self._until = -math.inf  # by this process's own clock
        self._is_last = False
        """The window has nothing more than what is left here: it need not be asked again."""

    def take(self, limit: int) -> Permit:
        with self._lock:
            if limit != self._limit or self._clock() >= self._until:
                self._left, self._is_last = 0, False
            if not self._left and not self._is_last:
                self._take_block(limit)
            if not self._left:
                raise WINDOWS[self._kind].error(limit, self._retry_after_s())
            self._left -= 1
            return self._window

    def give_back(self, permit: Permit) -> None:
        with self._lock:
            if permit == self._window:
                self._left += 1

    def _take_block(self, limit: int) -> None:
        asked_at = self._clock()  # the answer's way back must not make the window longer
        self._left, self._window, left_s = _take(self._kind, self._account_id, limit)
        self._limit, self._until = limit, asked_at + left_s
        self._is_last = not self._left

    def _retry_after_s(self) -> int:
        return max(1, math.ceil(self._until - self._clock()))


_EPOCH_S = {
    "postgresql": "extract(epoch FROM statement_timestamp())::float8",
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
}

# A statement that waited for another's lock may find a later window than its own: it counts in
# that one. The guard is the CASE: no more is granted than the limit leaves.
_TAKE = """
    INSERT INTO accounts_allowance AS held (account_id, kind, window_number, taken, granted)
    VALUES (%(account)s, %(kind)s, CAST(floor({epoch} / {length}) AS bigint), %(block)s, %(block)s)
    ON CONFLICT (account_id, kind) DO UPDATE SET
        window_number = CASE WHEN held.window_number < excluded.window_number
            THEN excluded.window_number ELSE held.window_number END,
        taken = CASE WHEN held.window_number < excluded.window_number
            THEN excluded.taken ELSE held.taken + {grant} END,
        granted = CASE WHEN held.window_number < excluded.window_number
            THEN excluded.taken ELSE {grant} END
    RETURNING granted, window_number, {length} * (floor({epoch} / {length}) + 1) - {epoch}
"""
_GRANT = """(CASE
    WHEN held.taken + excluded.taken <= %(limit)s THEN excluded.taken
    WHEN held.taken < %(limit)s THEN %(limit)s - held.taken
    ELSE 0 END)"""


def _take(kind: Kind, account_id: int, limit: int) -> tuple[int, Permit, float]:
    """Take a block, or what is left; return how many, their window, and how long it lasts (s)."""
    sql = _TAKE.format(
        epoch=_EPOCH_S[connection.vendor], length=WINDOWS[kind].length_s, grant=_GRANT
    )
    block = min(limit, max(1, limit // BLOCKS))
    values: dict[str, int | str] = {
        "account": account_id,
        "kind": kind.value,
        "block": block,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        granted, window, left_s = cursor.fetchone()
    return int(granted), int(window), float(left_s)


_held = Permits()
os.register_at_fork(after_in_child=_held.forget)


def count_request(caller: object) -> None:
    """Count an API request, whatever will become of it. Raises RateExceeded."""
    if isinstance(caller, Caller):
        _held.take_each(Kind.REQUEST, caller.requests)


def take_message(quotas: Sequence[Bound]) -> tuple[Permit, ...]:
    """Take the permits for a message, one of each quota. Raises QuotaExceeded.

    Call outside of a transaction: what one rolls back may have been handed out already.
    """
    return _held.take_each(Kind.MESSAGE, quotas)


def give_back_message(quotas: Sequence[Bound], permits: Sequence[Permit]) -> None:
    """Give back the permits for a message that did not come to be."""
    _held.give_each_back(Kind.MESSAGE, quotas, permits)


def taken_today(account_id: int) -> int:
    """Say how many messages of today's limit are taken, with what processes hold unused."""
    today = int(time.time()) // WINDOWS[Kind.MESSAGE].length_s
    rows = Allowance.objects.filter(account=account_id, kind=Kind.MESSAGE, window_number=today)
    return rows.values_list("taken", flat=True).first() or 0


def forget() -> None:
    """Forget the blocks of this process; other processes keep theirs."""
    _held.forget()
