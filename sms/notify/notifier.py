"""The callbacks that one worker has in its hands: claimed, posted, recorded."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, transaction

from accounts.models import Account
from sms import meters, outbox
from sms.models import Callback
from sms.notify.kinds import Fields, Kinds
from sms.notify.status import STATUS_KINDS
from sms.notify.verdict import Verdict, later
from sms.outbox import BusyHost, ClaimedCallback, Posted
from sms.webhook import Request, host_of
from sms.webhook.sender import Answer

logger = logging.getLogger(__name__)

LEASE_S = 60
"""Longer than a callback may take: nobody renews it."""
PER_HOST = 100
"""Callbacks that one host is sent at once: a slow one may not use up the sender."""
SPARE = 25
"""Of its share a host has to have so much left to count as free."""
PASS_OVER_S = 0.25


@dataclass(frozen=True, slots=True)
class _Judged:
    """A callback with its answer, and what follows from that."""

    callback: ClaimedCallback
    answer: Answer
    verdict: Verdict


class Notifier:
    """The callbacks that one worker has in its hands. Used by one thread."""

    def __init__(self, *, worker: str, kinds: Kinds = STATUS_KINDS) -> None:
        self.worker = worker
        self._kinds = kinds
        self._open: dict[int, ClaimedCallback] = {}
        self._unwritten: list[_Judged] = []
        self._pass_over_at = 0.0
        self.is_held_back = False
        """Whether the last claim was left out, and should soon be tried again."""

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
        return requests

    def _claim(self, limit: int) -> list[ClaimedCallback]:
        """Claim about what every host may still be sent.

        To pass over the rows of hosts that have their share costs a look at each of them, so
        that is done a few times a second only; a host that is quick frees its share sooner.
        """
        under_way = Counter(callback.host for callback in self._open.values())
        free = PER_HOST - max(under_way.values(), default=0)
        busy: list[BusyHost] = []
        self.is_held_back = False
        if free < SPARE:
            self.is_held_back = time.monotonic() < self._pass_over_at
            if self.is_held_back:
                return []
            self._pass_over_at = time.monotonic() + PASS_OVER_S
            free = PER_HOST
            busy = [BusyHost(host) for host, n in under_way.items() if PER_HOST - n < SPARE]
        return outbox.claim_callbacks(
            worker=self.worker, limit=min(limit, free), lease_s=LEASE_S, busy=busy
        )

    def take(self, answers: Iterable[Answer]) -> None:
        """Take in answers; `flush` writes what follows from them."""
        for answer in answers:
            # None when its lease ran out, and it was claimed and answered once more.
            if callback := self._open.pop(answer.key, None):
                judged = _Judged(callback, answer, self._decide(callback, answer))
                self._unwritten.append(judged)
                meters.CALLBACKS.count(judged.verdict.state.value)
                meters.CALLBACK_TOOK.observe(answer.latency_ms / 1000)
                if not answer.ok:
                    logger.info("callback %s to %s: %s", callback.id, callback.host, answer.error)

    def _decide(self, callback: ClaimedCallback, answer: Answer) -> Verdict:
        try:
            return self._kinds[callback.event].decide(callback, answer)
        except (DatabaseError, InterfaceError):
            self._open[callback.id] = callback
            raise
        except Exception:
            logger.exception("callback %s: its answer could not be judged", callback.id)
            return later(callback, answer)

    def flush(self) -> None:
        """Write what was taken in. When the database is away it stays, for the next flush."""
        plain = [judged for judged in self._unwritten if judged.verdict.then is None]
        outbox.record_callbacks([_posted(judged) for judged in plain], worker=self.worker)
        self._unwritten = [judged for judged in self._unwritten if judged.verdict.then]
        while self._unwritten:
            self._write_with_effect(self._unwritten[-1])
            self._unwritten.pop()

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
            logger.exception("callback %s: what it asks for failed", judged.callback.id)
            again = _Judged(judged.callback, judged.answer, later(judged.callback, judged.answer))
            outbox.record_callbacks([_posted(again)], worker=self.worker)

    def release(self) -> None:
        """Give back everything in hand."""
        outbox.release_callbacks(worker=self.worker)
        self._open.clear()

    def _requests(self, claimed: Sequence[ClaimedCallback]) -> list[Request]:
        by_event: dict[int, list[ClaimedCallback]] = {}
        for callback in claimed:
            by_event.setdefault(callback.event, []).append(callback)
        fields: dict[int, Fields] = {}
        for event, callbacks in by_event.items():
            fields |= self._kinds[event].fields(callbacks)
        senders = Account.objects.only("sid", "signing_secret").in_bulk(
            {callback.account_id for callback in claimed}
        )
        return [
            self._request(callback, fields[callback.id], senders[callback.account_id])
            for callback in claimed
            if callback.id in fields
        ]

    def _request(self, callback: ClaimedCallback, fields: Fields, account: Account) -> Request:
        request = Request(
            key=callback.id,
            url=callback.url,
            method="GET" if callback.method == "GET" else "POST",
            fields=fields,
            body_bytes=self._kinds[callback.event].body_bytes,
        )
        # The same id at every try: by it the receiver drops repeats.
        webhook_id = f"{fields[0][1]}-{callback.event}"
        return request.signed(
            secret=account.signing_secret, webhook_id=webhook_id, timestamp=int(time.time())
        )


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
    )
