"""Tell accounts' URLs what became of their messages: in order, at least once, signed.

Claims callbacks and turns them into requests; decides from each answer what follows.
Who posts them, and waits, is the worker.
"""

import logging
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from django.conf import settings

from accounts.models import Account
from sms import outbox
from sms.models import Callback, Message
from sms.outbox import BusyHost, ClaimedCallback, Posted
from sms.webhook import Request
from sms.webhook.sender import Answer

logger = logging.getLogger(__name__)

LEASE_S = 60
"""Longer than a callback may take: nobody renews it."""
FIRST_RETRY_S = 10.0
LONGEST_RETRY_S = 4 * 3600.0
GONE = 410
PER_HOST = 100
"""Callbacks that one host is sent at once: a slow one may not use up the sender."""
SPARE = 25
"""Of its share a host has to have so much left to count as free."""
PASS_OVER_S = 0.25


class Notifier:
    """The callbacks that one worker has in its hands. Used by one thread."""

    def __init__(self, *, worker: str):
        self.worker = worker
        self._open: dict[int, ClaimedCallback] = {}
        self._unwritten: list[Posted] = []
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
        requests = _requests(claimed) if claimed else []
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
                self._unwritten.append(_verdict(callback, answer))
                if not answer.ok:
                    logger.info("callback %s to %s: %s", callback.id, callback.host, answer.error)

    def flush(self) -> None:
        """Write what was taken in. When the database is away it stays, for the next flush."""
        outbox.record_callbacks(self._unwritten, worker=self.worker)
        self._unwritten = []

    def release(self) -> None:
        """Give back everything in hand."""
        outbox.release_callbacks(worker=self.worker)
        self._open.clear()


def retry_in_s(attempts: int) -> float:
    """Say how long to wait after so many attempts: doubling, capped, with full jitter."""
    longest: float = min(FIRST_RETRY_S * 2 ** min(attempts - 1, 20), LONGEST_RETRY_S)
    return random.uniform(0, longest)  # noqa: S311  # jitter, not a secret


def _requests(claimed: Sequence[ClaimedCallback]) -> list[Request]:
    ids = {callback.message_id for callback in claimed}
    messages = Message.objects.filter(id__in=ids).only(
        "sid", "account_id", "sender", "recipient", "body"
    )
    by_id = {message.id: message for message in messages}
    accounts = Account.objects.only("sid", "signing_secret").in_bulk(
        {message.account_id for message in messages}
    )
    return [
        _request(callback, message, accounts[message.account_id])
        for callback in claimed
        for message in [by_id[callback.message_id]]
    ]


def _verdict(callback: ClaimedCallback, answer: Answer) -> Posted:
    said = answer.error or f"answered {answer.status}"
    said = f"{said} after {answer.latency_ms} ms"[:255]
    if answer.ok:
        return Posted(callback.id, Callback.State.DELIVERED, said)
    delay_s = answer.retry_after_s or retry_in_s(callback.attempts)
    too_old = callback.age_s + delay_s > settings.CALLBACK_GIVE_UP_S
    if answer.status == GONE or too_old:
        return Posted(callback.id, Callback.State.FAILED, said)
    return Posted(callback.id, Callback.State.PENDING, said, delay_s)


def _request(callback: ClaimedCallback, message: Message, account: Account) -> Request:
    """Write one callback. Source: API document, "Status Callback HTTP Parameters"."""
    fields = [
        ("MessageSid", message.sid),
        ("MessageStatus", callback.status),
        ("ErrorCode", str(callback.error_code) if callback.error_code else None),
        ("AccountSid", account.sid),
        ("From", message.sender),
        ("To", message.recipient),
        ("Body", message.body),
    ]
    request = Request(
        key=callback.id,
        url=callback.url,
        method="GET" if callback.method == "GET" else "POST",
        fields=tuple((name, value) for name, value in fields if value is not None),
    )
    # The same id at every try: by it the receiver drops repeats.
    webhook_id = f"{message.sid}-{callback.event}"
    return request.signed(
        secret=account.signing_secret, webhook_id=webhook_id, timestamp=int(time.time())
    )
