"""Permits: never more than the limit, whoever takes them, and nothing for those without one."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts import limits
from accounts.authentication import Caller
from accounts.bounds import Bound
from accounts.limits import BLOCKS, Kind, LimitReached, Permits, QuotaExceeded, RateExceeded
from accounts.models import Account, Allowance
from tests.fakes.shell import manage

MESSAGE = Kind.MESSAGE
CORNERS = [1, 2, 19, 20, 21, 59, 60, 110, 399]


class Clock:
    """A clock that goes when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def drain(permits: Permits, account: Account, limit: int, *, kind: Kind = MESSAGE) -> int:
    """Take permits until there is none; return how many there were."""
    for taken in range(10_000):
        try:
            permits.take(kind, account.pk, limit)
        except LimitReached:
            return taken
    raise AssertionError("there is no end")


def block_of(limit: int) -> int:
    return max(1, limit // BLOCKS)


@pytest.mark.django_db
def test_account_without_limits_writes_nothing_and_asks_nothing(
    account: Account, django_assert_num_queries: Callable[[int], Any]
) -> None:
    caller = Caller(id=account.pk, sid=account.sid, role="Administrator", status="active")
    with django_assert_num_queries(0):
        for _ in range(100):
            limits.count_request(caller)
            assert limits.take_message(()) == ()
            limits.give_back_message((), ())
    assert not Allowance.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("limit", CORNERS)
def test_processes_in_turn_hand_out_the_limit_to_the_last_permit(
    account: Account, limit: int
) -> None:
    processes = [Permits() for _ in range(3)]
    taken = 0
    while processes:
        for process in list(processes):
            try:
                process.take(MESSAGE, account.pk, limit)
                taken += 1
            except QuotaExceeded:
                processes.remove(process)
    assert taken == limit


@pytest.mark.django_db
@pytest.mark.parametrize("limit", CORNERS)
def test_a_process_that_stops_leaves_less_than_a_block_unused(account: Account, limit: int) -> None:
    Permits().take(MESSAGE, account.pk, limit)  # and nothing more
    assert 1 + drain(Permits(), account, limit) >= limit - (block_of(limit) - 1)


@pytest.mark.django_db
def test_a_limit_of_nothing_lets_nothing_through(account: Account) -> None:
    assert drain(Permits(), account, 0) == 0


@pytest.mark.django_db
def test_a_block_costs_one_statement_and_a_used_up_limit_none(account: Account) -> None:
    permits = Permits()
    with CaptureQueriesContext(connection) as used:
        assert drain(permits, account, 1000) == 1000
    assert len(used) == BLOCKS + 1
    with CaptureQueriesContext(connection) as afterwards:
        assert drain(permits, account, 1000) == 0
    assert len(afterwards) == 0


@pytest.mark.django_db
def test_kinds_and_accounts_are_counted_apart(account: Account) -> None:
    other = Account.objects.create(friendly_name="Other")
    permits = Permits()
    assert drain(permits, account, 5) == 5
    assert drain(permits, other, 5) == 5
    assert drain(permits, account, 5, kind=Kind.REQUEST) >= 5


@pytest.mark.django_db
def test_a_new_window_has_the_whole_limit_again(account: Account) -> None:
    clock = Clock()
    permits = Permits(clock)
    assert drain(permits, account, 50) == 50
    Allowance.objects.update(window_number=F("window_number") - 1)  # the database's clock went on
    clock.now_s += 24 * 3600
    assert drain(permits, account, 50) == 50


@pytest.mark.django_db
def test_what_is_left_of_a_block_ends_with_its_window(account: Account) -> None:
    clock = Clock()
    permits = Permits(clock)
    permits.take(MESSAGE, account.pk, 200)
    clock.now_s += 24 * 3600
    assert drain(permits, account, 200) == 200 - block_of(200)


@pytest.mark.django_db
def test_a_permit_asked_for_in_a_window_that_has_ended_counts_in_the_newest(
    account: Account,
) -> None:
    Permits().take(MESSAGE, account.pk, 40)
    Allowance.objects.update(window_number=F("window_number") + 1, taken=39)
    newest = Allowance.objects.get().window_number
    assert drain(Permits(), account, 40) == 1
    assert Allowance.objects.get().window_number == newest


@pytest.mark.django_db
def test_a_limit_that_changes_counts_at_once(account: Account) -> None:
    permits = Permits()
    assert drain(permits, account, 10) == 10
    assert drain(permits, account, 25) == 15
    assert drain(permits, account, 20) == 0
    assert drain(permits, account, 26) == 1


@pytest.mark.django_db
def test_windows_are_seconds_and_days_of_utc(account: Account) -> None:
    clock = Clock()
    now = datetime.now(UTC)
    day, second = (Permits(clock).take(kind, account.pk, 1) for kind in (MESSAGE, Kind.REQUEST))
    assert day - (now.date() - date(1970, 1, 1)).days in (0, 1)
    assert second == pytest.approx(now.timestamp(), abs=5)
    with pytest.raises(QuotaExceeded) as refusal:
        Permits(clock).take(MESSAGE, account.pk, 1)
    midnight = datetime.combine(now.date(), time.min, tzinfo=UTC) + timedelta(days=1)
    ahead_s = (midnight - now).total_seconds()
    assert (refusal.value.retry_after_s - ahead_s + 60) % (24 * 3600) == pytest.approx(60, abs=5)


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "error"), [("request", RateExceeded), ("message", QuotaExceeded)])
def test_a_refusal_says_when_to_come_back_in_whole_seconds(
    account: Account, kind: str, error: type[LimitReached]
) -> None:
    length_s = limits.WINDOWS[Kind(kind)].length_s
    permits = Permits(Clock())
    permits.take(Kind(kind), account.pk, 1)
    Allowance.objects.update(window_number=F("window_number") + 1)  # not to end while we look
    with pytest.raises(error) as refusal:
        permits.take(Kind(kind), account.pk, 1)
    assert isinstance(refusal.value.retry_after_s, int)
    assert 1 <= refusal.value.retry_after_s <= length_s
    assert "1" in str(refusal.value)


@pytest.mark.django_db
def test_a_permit_that_was_given_back_is_handed_out_again(account: Account) -> None:
    permits = Permits()
    first, second = (permits.take(MESSAGE, account.pk, 3) for _ in range(2))
    for permit in (first, second):
        permits.give_back(MESSAGE, account.pk, permit)
    assert drain(permits, account, 3) == 3
    permits.give_back(MESSAGE, account.pk, first)
    assert drain(permits, account, 3) == 1


@pytest.mark.django_db
def test_a_permit_of_a_window_that_ended_is_of_no_use_to_the_next(account: Account) -> None:
    permits = Permits()
    today = permits.take(MESSAGE, account.pk, 3)
    permits.give_back(MESSAGE, account.pk, today - 1)
    assert drain(permits, account, 3) == 2


@pytest.mark.django_db
def test_an_account_that_was_forgotten_loses_its_block_and_gains_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MAX_PURSES", 2)
    accounts = [Account.objects.create(friendly_name=str(n)) for n in range(3)]
    permits = Permits()
    for account in accounts:
        permits.take(MESSAGE, account.pk, 100)
    assert drain(permits, accounts[2], 100) == 99
    assert drain(permits, accounts[0], 100) == 100 - block_of(100)


@pytest.mark.django_db
def test_a_permit_is_taken_of_each_bound_or_of_none(account: Account) -> None:
    above = Account.objects.create(friendly_name="Above")
    bounds = (Bound(account.pk, 5), Bound(above.pk, 3, is_above=True))
    permits = Permits()
    for _ in range(3):
        permits.take_each(MESSAGE, bounds)
    for _ in range(10):
        with pytest.raises(QuotaExceeded, match="An account above this one") as refusal:
            permits.take_each(MESSAGE, bounds)
        assert "3" not in str(refusal.value), "another's bargain"
    assert drain(permits, account, 5) == 2
    with pytest.raises(QuotaExceeded, match="This account may send 5"):
        permits.take_each(MESSAGE, bounds)


@pytest.mark.django_db
def test_permits_that_were_not_used_go_back_to_each_bound(account: Account) -> None:
    above = Account.objects.create(friendly_name="Above")
    bounds = (Bound(account.pk, 2), Bound(above.pk, 2, is_above=True))
    permits = Permits()
    permits.give_each_back(MESSAGE, bounds, permits.take_each(MESSAGE, bounds))
    assert [drain(permits, one, 2) for one in (account, above)] == [2, 2]


def rush(processes: list[Permits], account: Account, limit: int, *, tries: int) -> list[int]:
    """Try from eight threads at once, each with a connection of its own; return the permits."""
    start = threading.Barrier(8)

    def run(number: int) -> list[int]:
        mine = processes[number % len(processes)]
        got = []
        try:
            start.wait(timeout=30)
            for _ in range(tries):
                try:
                    got.append(mine.take(MESSAGE, account.pk, limit))
                except QuotaExceeded:
                    pass
            return got
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return [permit for permits in pool.map(run, range(8)) for permit in permits]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, 2, 8])
@pytest.mark.parametrize("limit", [1, 7, 100, 390])
def test_threads_at_once_get_the_limit_and_no_more(
    account: Account, limit: int, count: int
) -> None:
    got = rush([Permits() for _ in range(count)], account, limit, tries=limit + 1)
    assert len(got) == limit  # everybody went on to the end: nothing is left in a block


@pytest.mark.django_db(transaction=True)
def test_threads_of_a_process_share_its_block(account: Account) -> None:
    got = rush([Permits()], account, 1000, tries=5)  # 40 permits, in blocks of 50
    assert len(got) == 40
    assert Allowance.objects.get().taken == 50


TAKE = """
from accounts.bounds import Bound
from accounts.limits import *
taken = 0
for _ in range({tries}):
    try:
        take_message([Bound({account}, {limit})])
        taken += 1
    except QuotaExceeded:
        pass
print(taken)
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("limit", "tries"), [(333, 400), (1000, 333)])
def test_two_processes_share_a_limit(account: Account, limit: int, tries: int) -> None:
    script = TAKE.format(account=account.pk, limit=limit, tries=tries)

    def run(_: int) -> subprocess.CompletedProcess[str]:
        return manage("shell", "--no-imports", "-c", script)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(run, range(2)))
    assert [process.stderr for process in runs] == ["", ""]
    taken = sum(int(process.stdout) for process in runs)
    assert taken == min(limit, 2 * tries)
    assert Allowance.objects.get().taken <= taken + 2 * (block_of(limit) - 1)


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_a_fork_starts_with_nothing() -> None:
    script = (
        "import os, django; django.setup()\n"
        "from accounts import limits\n"
        "limits._held._purses['held'] = None; limits._held._lock.acquire()\n"
        "child = os.fork()\n"
        "if child: raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "os._exit(0 if limits._held._lock.acquire(timeout=5) and not limits._held._purses else 1)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
