"""The callbacks that one worker has in its hands: claimed, posted, recorded."""

import logging
import random
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, transaction

from sms import journal, meters, outbox
from sms.models import Callback
from sms.notify.circuits import Circuits
from sms.notify.kinds import Fields, Kinds
from sms.notify.signing import DOES_NOT_OPEN, Secrets
from sms.notify.status import STATUS_KINDS
from sms.notify.verdict import Verdict, later
from sms.outbox import ClaimedCallback, HostState, Posted, Room
from sms.webhook import Request, host_of
from sms.webhook.sender import Answer

logger = logging.getLogger(__name__)

LEASE_S = 60
"""Longer than a callback may take: nobody renews it."""
PER_HOST = 100
"""Callbacks that one host is sent at once, by all workers together."""
SURVEY_S = 0.1
"""How long a busy worker goes without looking which hosts have something due."""
PART = 4
"""A host has at most this part of what a worker has free: however many are slow, room is left."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A callback with its answer, and what follows from that."""

    callback: ClaimedCallback
    answer: Answer
    verdict: Verdict
    at: float
    """When the answer came, by this process's clock."""


class Notifier:
    """The callbacks that one worker has in its hands. Used by one thread."""

    def __init__(self, *, worker: str, kinds: Kinds = STATUS_KINDS) -> None:
        self.worker = worker
        self._kinds = kinds
        self._secrets = Secrets()
        self._circuits = Circuits()
        self._open: dict[int, ClaimedCallback] = {}
        self._unjudged: deque[tuple[ClaimedCallback, Answer, float]] = deque()
        self._unwritten: list[_Judged] = []
        self._heard: list[tuple[str, Answer]] = []
        self._hosts: list[HostState] = []
        self._survey_again_at = 0.0
        self._reorder_again_at = 0.0
        self._is_fed = False
        """Whether every host that was asked gave all that was asked for."""
        self._surveyed_to = ""
        self.has_more = False
        """Whether the last claim left something that could be claimed at once."""

    @property
    def in_hand(self) -> int:
        """Count the callbacks that are being posted."""
        return len(self._open)

    def claim(self, limit: int) -> list[Request]:
        """Claim due callbacks and write them as signed requests."""
        claimed = self._claim(limit)
        requests = self._requests(claimed) if claimed else []
        # Only now: what could not be written is not in hand, and its lease runs out.
        self._open |= {callback.id: callback for callback in claimed}
        ready = {request.key for request in requests}
        self.take(
            Answer(callback.id, error=DOES_NOT_OPEN, is_ours=True)
            for callback in claimed
            if callback.id not in ready
        )
        return requests

    def _claim(self, limit: int) -> list[ClaimedCallback]:
        hosts = list(self._survey())
        rooms = self._rooms([host for host in hosts if host.is_due], limit)
        claimed = outbox.claim_callbacks(
            worker=self.worker, rooms=rooms, share=PER_HOST, lease_s=LEASE_S
        )
        got = Counter(callback.host for callback in claimed)
        short = [room.host for room in rooms if got[room.host] < room.room]
        self._is_fed = bool(rooms) and not short
        moved = self._reorder(short, got) + self._detour(hosts, rooms)
        self.has_more = bool(claimed or moved or self._surveyed_to)
        return claimed

    def _reorder(self, short: Sequence[str], got: Mapping[str, int]) -> int:
        """Look whether events that must wait stand before others, where a host gave too little.

        Where it gave something it mostly had no more; a busy worker looks into that now and then.
        """
        now = time.monotonic()
        if now < self._reorder_again_at:
            short = [host for host in short if not got[host]]
        else:
            self._reorder_again_at = now + SURVEY_S
        return outbox.reorder_callbacks(short)

    def _detour(self, hosts: Sequence[HostState], rooms: Sequence[Room]) -> int:
        """Send on what need not wait for a host that does not answer."""
        probed = {room.host for room in rooms}
        silent = [host.host for host in hosts if host.is_due and host.is_open]
        silent = [host for host in silent if host not in probed]
        if not silent:
            return 0
        ways = {kind.detour for kind in self._kinds.values() if kind.detour}
        moved = sum(way(silent) for way in ways)
        if moved:
            self._survey_again_at = 0.0
        return moved

    def _survey(self) -> list[HostState]:
        """Look which hosts have something due; not again while the last look still feeds us."""
        if self._is_fed and time.monotonic() < self._survey_again_at:
            return self._hosts
        self._survey_again_at = time.monotonic() + SURVEY_S
        hosts = outbox.survey_hosts(after=self._surveyed_to)
        self._surveyed_to = hosts[-1].host if len(hosts) == outbox.HOSTS_AT_ONCE else ""
        self._circuits.see(hosts)
        self._hosts = hosts
        return hosts

    def _rooms(self, hosts: list[HostState], limit: int) -> list[Room]:
        """Share out `limit` among hosts: a part of what is left to each, one to a probe."""
        probes = self._circuits.take_probes(hosts, lease_s=LEASE_S)
        under_way = Counter(callback.host for callback in self._open.values())
        random.shuffle(hosts)  # or the first in the alphabet would always be the first
        rooms = []
        for host in hosts:
            if host.is_open and host.host not in probes:
                continue
            most = min(PER_HOST, -(-limit // PART)) - under_way[host.host]
            room = 1 if host.is_open else most
            if 0 < room <= limit:
                rooms.append(Room(host.host, room))
                limit -= room
        return rooms

    def take(self, answers: Iterable[Answer]) -> None:
        """Take in answers; `flush` writes what follows from them."""
        now = time.monotonic()
        for answer in answers:
            # None when its lease ran out, and it was claimed and answered once more.
            if callback := self._open.pop(answer.key, None):
                self._unjudged.append((callback, answer, now))
                if not answer.ok and not answer.is_ours:
                    said = answer.log_word
                    logger.info("callback %s to %s: %s", callback.id, callback.host, said)

    def _judge(self) -> None:
        while self._unjudged:
            callback, answer, at = self._unjudged[0]
            verdict = self._decide(callback, answer)
            self._unwritten.append(_Judged(callback, answer, verdict, at))
            meters.CALLBACKS.count(verdict.state.value)
            meters.CALLBACK_TOOK.observe(answer.latency_ms / 1000)
            self._heard.append((callback.host, answer))
            self._unjudged.popleft()

    def _decide(self, callback: ClaimedCallback, answer: Answer) -> Verdict:
        if answer.is_ours:
            return later(callback, answer)
        try:
            return self._kinds[callback.event].decide(callback, answer)
        except (DatabaseError, InterfaceError):
            raise
        except Exception:
            logger.exception("callback %s: its answer could not be judged", callback.id)
            return later(callback, answer)

    def flush(self) -> None:
        """Write what was taken in. When the database is away it stays, for the next flush."""
        self._judge()
        told = [(one.callback.message_id, _told(one)) for one in self._unwritten]
        plain = [judged for judged in self._unwritten if judged.verdict.then is None]
        outbox.record_callbacks([_posted(judged) for judged in plain], worker=self.worker)
        self._unwritten = [judged for judged in self._unwritten if judged.verdict.then]
        while self._unwritten:
            self._write_with_effect(self._unwritten[-1])
            self._unwritten.pop()
        self._circuits.note(self._heard)
        self._heard = []
        journal.told(told)

    def _write_with_effect(self, judged: _Judged) -> None:
        """Write an attempt together with what follows from it, in a transaction of its own."""
        try:
            with transaction.atomic():
                won = outbox.record_callbacks([_posted(judged)], worker=self.worker)
                if won and judged.verdict.then:
                    judged.verdict.then()
        except (DatabaseError, InterfaceError):
            raise
        except Exception:
            callback, answer = judged.callback, judged.answer
            logger.exception("callback %s: what it asks for failed", callback.id)
            again = _Judged(callback, answer, later(callback, answer), judged.at)
            outbox.record_callbacks([_posted(again)], worker=self.worker)

    def release(self) -> None:
        """Give back everything in hand."""
        outbox.release_callbacks(worker=self.worker)
        self._open.clear()

    def _requests(self, claimed: Sequence[ClaimedCallback]) -> list[Request]:
        secrets = self._secrets.of({callback.account_id for callback in claimed})
        by_event: dict[int, list[ClaimedCallback]] = {}
        for callback in claimed:
            if callback.account_id in secrets:
                by_event.setdefault(callback.event, []).append(callback)
        return [
            self._request(callback, fields[callback.id], secrets[callback.account_id])
            for event, callbacks in by_event.items()
            for fields in [self._kinds[event].fields(callbacks)]
            for callback in callbacks
        ]

    def _request(self, callback: ClaimedCallback, fields: Fields, secret: str) -> Request:
        kind = self._kinds[callback.event]
        request = Request(
            key=callback.id,
            url=callback.url,
            method="GET" if callback.method == "GET" else "POST",
            fields=fields,
            body_bytes=kind.body_bytes,
        )
        webhook_id = kind.webhook_id(callback, fields)
        timestamp = int(callback.claimed_at)
        return request.signed(secret=secret, webhook_id=webhook_id, timestamp=timestamp)


def _told(judged: _Judged) -> str:
    """Say for the log what a server answered to which callback."""
    return f"{judged.callback.status}: {judged.answer.log_word}"


def _posted(judged: _Judged) -> Posted:
    answer, verdict = judged.answer, judged.verdict
    said = answer.error or f"answered {answer.status}"
    return Posted(
        judged.callback.id,
        verdict.state,
        f"{said} after {answer.latency_ms} ms"[:255],
        verdict.delay_s if verdict.state == Callback.State.PENDING else None,
        url=verdict.url,
        method=verdict.method,
        host=host_of(verdict.url),
        was_deferred=judged.callback.attempts > 1,
        ago_s=time.monotonic() - judged.at + answer.latency_ms / 1000,
        status=answer.status,
        error=(answer.error or "")[:255],
        latency_ms=answer.latency_ms,
        head=answer.body_head[:256],
    )
