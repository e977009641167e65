"""Hosts of callbacks: which have something due, and which fail."""

from collections.abc import Sequence
from dataclasses import dataclass

from sms.outbox.engine import SMALLINT_MAX, added, as_rows, engine, fetch, run

HOSTS_AT_ONCE = 100
"""Hosts that one survey looks at; the next one goes on behind them."""
FAILURES_TO_OPEN = 10
FIRST_PROBE_S = 10.0

_QUEUED = "c.state = 'pending' AND c.locked_until IS NULL"


@dataclass(frozen=True, slots=True)
class HostState:
    """A host in whose queue something waits."""

    host: str
    is_due: bool
    """Whether anything in there may be posted now."""
    is_failing: bool
    is_open: bool
    """Whether its circuit is: nothing goes there but probes."""
    wants_probe: bool
    probes: int
    """Failed so far."""


@dataclass(frozen=True, slots=True)
class HostFailures:
    """Failures in a row of a host."""

    host: str
    failures: int
    last_answer: str


@dataclass(frozen=True, slots=True)
class Probe:
    """A host whose probe failed, and the time until the next."""

    host: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class _Host:
    host: str


def survey_hosts(*, after: str = "") -> list[HostState]:
    """List the hosts in whose queues something waits, in their order, from behind `after`.

    Steps from host to host through the index: what lies in their queues costs nothing.
    Each question is one for the first row in the index's order: to one that says EXISTS
    PostgreSQL may answer by reading the table.
    """
    sql = engine()
    first = "AND c.host > %s" if after else ""
    statement = f"""
        WITH RECURSIVE walk(host, n) AS (
            SELECT (SELECT c.host FROM sms_callback c WHERE {_QUEUED} {first}
                    ORDER BY c.host LIMIT 1), 1
            UNION ALL
            SELECT (SELECT c.host FROM sms_callback c WHERE {_QUEUED} AND c.host > walk.host
                    ORDER BY c.host LIMIT 1), walk.n + 1
            FROM walk WHERE walk.host IS NOT NULL AND walk.n < {HOSTS_AT_ONCE}
        )
        SELECT walk.host,
            (SELECT c.due_at FROM sms_callback c WHERE c.host = walk.host AND {_QUEUED}
             ORDER BY c.host, c.due_at, c.id LIMIT 1) <= {sql.now},
            h.id IS NOT NULL, h.opened_at IS NOT NULL,
            h.opened_at IS NOT NULL AND h.probe_at <= {sql.now}, coalesce(h.probes, 0)
        FROM walk LEFT JOIN sms_callbackhost h ON h.host = walk.host
        WHERE walk.host IS NOT NULL ORDER BY walk.n
    """  # noqa: S608  # fragments of our own; values are parameters
    rows = fetch(statement, [after] if after else [])
    return [
        HostState(host, bool(is_due), bool(is_failing), bool(is_open), bool(wants_probe), probes)
        for host, is_due, is_failing, is_open, wants_probe, probes in rows
    ]


def take_probes(hosts: Sequence[str], *, lease_s: float) -> set[str]:
    """Take the right to probe hosts; one worker gets it, and for a while nobody else."""
    if not hosts:
        return set()
    sql = engine()
    statement = f"""
        UPDATE sms_callbackhost SET probe_at = {sql.ahead}
        WHERE host IN (SELECT r.host FROM {sql.rows(host="text")})
          AND opened_at IS NOT NULL AND probe_at <= {sql.now}
        RETURNING host
    """  # noqa: S608
    return {row[0] for row in fetch(statement, [lease_s, as_rows([_Host(h) for h in hosts])])}


def count_failures(failures: Sequence[HostFailures]) -> set[str]:
    """Add failures to hosts; return those whose circuit opens by it."""
    if not failures:
        return set()
    sql = engine()
    ordered = sorted(failures, key=lambda one: one.host)  # or two workers' updates deadlock
    columns = sql.rows(host="text", failures="integer", last_answer="text")
    total = added("sms_callbackhost.failures", "excluded.failures", most=SMALLINT_MAX // 2)
    statement = f"""
        INSERT INTO sms_callbackhost (host, failures, probes, last_answer)
        SELECT r.host, r.failures, 0, r.last_answer FROM {columns} WHERE true ORDER BY r.host
        ON CONFLICT (host) DO UPDATE
            SET failures = {total}, last_answer = excluded.last_answer
    """  # noqa: S608
    run(statement, [as_rows(ordered)])
    opening = f"""
        UPDATE sms_callbackhost SET opened_at = {sql.now}, probes = 0, probe_at = {sql.ahead}
        WHERE host IN (SELECT r.host FROM {sql.rows(host="text")})
          AND opened_at IS NULL AND failures >= {FAILURES_TO_OPEN}
        RETURNING host
    """  # noqa: S608
    return {row[0] for row in fetch(opening, [FIRST_PROBE_S, as_rows(ordered)])}


def postpone_probes(probes: Sequence[Probe]) -> None:
    """Set the next probe of hosts whose probe failed."""
    if not probes:
        return
    sql = engine()
    ahead = sql.ahead.replace("%s", "r.delay_s")
    statement = f"""
        UPDATE sms_callbackhost SET probes = {added("sms_callbackhost.probes")}, probe_at = {ahead}
        FROM {sql.rows(host="text", delay_s="double precision")}
        WHERE sms_callbackhost.host = r.host AND opened_at IS NOT NULL
    """  # noqa: S608
    run(statement, [as_rows(probes)])


def forgive_hosts(hosts: Sequence[str]) -> set[str]:
    """Forget the failures of hosts that answered; return those whose circuit closes by it."""
    if not hosts:
        return set()
    statement = f"""
        DELETE FROM sms_callbackhost WHERE host IN (SELECT r.host FROM {engine().rows(host="text")})
        RETURNING host, opened_at IS NOT NULL
    """  # noqa: S608
    rows = fetch(statement, [as_rows([_Host(host) for host in sorted(hosts)])])
    return {host for host, was_open in rows if was_open}


def probe_now(hosts: Sequence[str]) -> None:
    """Have failing hosts probed at once."""
    sql = engine()
    statement = f"""
        UPDATE sms_callbackhost SET probe_at = {sql.now}
        WHERE host IN (SELECT r.host FROM {sql.rows(host="text")}) AND opened_at IS NOT NULL
    """  # noqa: S608
    run(statement, [as_rows([_Host(host) for host in hosts])])
