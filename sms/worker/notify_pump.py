"""The pump of callbacks: rows in and out of the database here, HTTP in an event loop."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from django.conf import settings

from sms.conversation import INBOUND_KINDS
from sms.notify import PER_HOST, STATUS_KINDS, Kinds, Notifier
from sms.webhook import Request
from sms.webhook.guard import parse_allowed
from sms.webhook.sender import Answer, Policy, Sender
from sms.worker.pump import Pump

logger = logging.getLogger(__name__)

KINDS: Kinds = {**STATUS_KINDS, **INBOUND_KINDS}
"""What is posted, by the number of the callback's event."""

AT_ONCE = 400
GATHER_S = 0.02
ENOUGH = 100
FINISH_S = 15.0


class NotifyPump(Pump):
    """Claims callbacks, has them posted concurrently, records the answers."""

    def __init__(self) -> None:
        super().__init__("notify")
        self._notifier = Notifier(worker=self.worker, kinds=KINDS)
        self._answers: deque[Answer] = deque()
        self._loop = asyncio.new_event_loop()
        self._posts: set[asyncio.Task[None]] = set()
        self._sender: Sender | None = None
        self._http = threading.Thread(target=self._loop.run_forever, name="webhooks", daemon=True)

    def start(self) -> None:
        """Start the event loop, then the pump."""
        self._http.start()
        self._sender = asyncio.run_coroutine_threadsafe(self._make_sender(), self._loop).result()
        super().start()

    def turn(self) -> bool:
        """Record answers, then claim as many callbacks as may be posted beside the others."""
        self._gather()
        came = self._record()
        room = AT_ONCE - self._notifier.in_hand
        requests = self._notifier.claim(room) if room > 0 else []
        if requests:
            self._loop.call_soon_threadsafe(self._post_all, requests)
        return came or self._notifier.has_more

    def finish(self) -> None:
        """Wait for the answers that are on their way, then give back the rest."""
        try:
            self._await_answers()
            self._notifier.release()
        finally:
            self._close_sender()

    def _await_answers(self) -> None:
        until = time.monotonic() + FINISH_S
        while self._notifier.in_hand and time.monotonic() < until:
            if not self._record():
                time.sleep(GATHER_S)

    def _close_sender(self) -> None:
        if self._sender:
            asyncio.run_coroutine_threadsafe(self._sender.close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _make_sender(self) -> Sender:
        networks = [parse_allowed(text) for text in settings.CALLBACK_ALLOWED_NETWORKS]
        return Sender(Policy(allowed_networks=tuple(networks), per_host_limit=PER_HOST))

    def _post_all(self, requests: Sequence[Request]) -> None:
        for request in requests:
            task = self._loop.create_task(self._post(request))
            self._posts.add(task)  # the loop itself holds on to none
            task.add_done_callback(self._posts.discard)

    async def _post(self, request: Request) -> None:
        assert self._sender is not None  # noqa: S101  # made before the pump starts
        try:
            answer = await self._sender.post(request)
        except Exception:  # a fault of ours, and no reason to keep the row for ever
            logger.exception("notify: a callback could not be posted")
            answer = Answer(request.key, error="the platform failed to post it", is_ours=True)
        self._answers.append(answer)
        self.wake()

    def _gather(self) -> None:
        until = time.monotonic() + GATHER_S
        while 0 < len(self._answers) < ENOUGH and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, GATHER_S / 4))

    def _record(self) -> bool:
        answers = [self._answers.popleft() for _ in range(len(self._answers))]
        self._notifier.take(answers)
        self._notifier.flush()
        return bool(answers)
