"""Callbacks to receivers without manners, over real sockets, through the whole pump."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from pytest_django import Settings

from sms.models import Callback, CallbackAttempt, CallbackHost
from sms.webhook import host_of
from sms.webhook.guard import parse_allowed
from sms.webhook.sender import Policy, Sender
from sms.worker.notify_pump import NotifyPump
from tests.fakes.rude import BEHAVIOURS, RudeReceiver
from tests.sms.conftest import Bench, MakeMessage

pytestmark = [pytest.mark.sockets, pytest.mark.django_db(transaction=True)]

OUTCOMES = {
    "ok": ("delivered", 200, ""),
    "500": ("pending", 500, "answered 500"),
    "429": ("pending", 429, "answered 429"),
    "410": ("failed", 410, "answered 410"),
    "redirect": ("pending", 302, "redirect to /ok not followed"),
    "silent": ("pending", None, "timed out after 0.5 s"),
    "half-a-head": ("pending", None, "timed out after 0.5 s"),
    "half-a-body": ("delivered", 200, ""),
    "closes": ("pending", None, "the connection was closed before an answer came"),
    "too-short": ("delivered", 200, ""),
    "too-long": ("pending", None, "the answer is not HTTP"),
    "endless-head": ("pending", None, "the answer is not HTTP"),
    "endless-body": ("delivered", 200, ""),
    "garbage": ("pending", None, "the answer is not HTTP"),
}


class HastyPump(NotifyPump):
    """Waits half a second for an answer: a test has no ten."""

    async def _make_sender(self) -> Sender:
        return Sender(Policy((parse_allowed("127.0.0.0/8"),), total_timeout_s=0.5))


@pytest.fixture
def receiver() -> Iterator[RudeReceiver]:
    with RudeReceiver() as running:
        yield running


@pytest.fixture
def run(settings: Settings) -> Iterator[Callable[[], NotifyPump]]:
    pumps: list[NotifyPump] = []

    def start() -> NotifyPump:
        pumps.append(HastyPump())
        pumps[-1].start()
        return pumps[-1]

    yield start
    for pump in pumps:
        pump.stop(10)


def more_than(attempts: int) -> bool:
    return CallbackAttempt.objects.count() > attempts


def wait_until(holds: Callable[[], object], timeout_s: float = 40.0) -> None:
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_every_way_to_answer_has_its_outcome_and_its_line_in_the_log(
    receiver: RudeReceiver, bench: Bench, make_message: MakeMessage, run: Callable[[], NotifyPump]
) -> None:
    assert OUTCOMES.keys() == BEHAVIOURS.keys()
    # Each path with a host of its own, or one's fault is all's.
    paths = {}
    for path in BEHAVIOURS:
        url = receiver.url(path)
        message = make_message(callback_url=url, callback_host=f"{path}:80")
        paths[message.id] = path
    bench.turn()
    began = timezone.now()
    run()
    wait_until(lambda: CallbackAttempt.objects.count() >= len(paths))
    for attempt in CallbackAttempt.objects.select_related("callback"):
        path = paths[attempt.callback.message_id]
        state, status, error = OUTCOMES[path]
        if attempt.callback.attempts == 1:
            assert attempt.callback.state == state, path
        assert (attempt.status, attempt.error) == (status, error), path
        assert timedelta(seconds=-1) < attempt.at - began < timedelta(seconds=20), path
    # More than one where a retry came soon.
    refused = CallbackAttempt.objects.filter(callback__message_id=_of(paths, "500"))
    assert {attempt.head for attempt in refused} == {"oops"}
    slow = Callback.objects.get(message_id=_of(paths, "429"))
    assert timedelta(seconds=90) < slow.due_at - began < timedelta(seconds=140)
    assert receiver.asked.count("ok") == 1, "the redirect was followed"


def _of(paths: dict[int, str], path: str) -> int:
    return next(message_id for message_id, each in paths.items() if each == path)


def test_a_host_that_hangs_is_left_alone_until_it_answers(
    receiver: RudeReceiver,
    bench: Bench,
    make_message: MakeMessage,
    run: Callable[[], NotifyPump],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = receiver.url("silent")
    for _ in range(150):
        make_message(callback_url=url, callback_host=host_of(url))
    for _ in range(3):
        bench.turn()
    run()
    wait_until(lambda: CallbackHost.objects.filter(opened_at__isnull=False).exists())
    wait_until(lambda: not Callback.objects.exclude(locked_by="").exists())
    tried = CallbackAttempt.objects.count()
    assert 10 <= tried <= 100
    # One probe at a time while it is open, however much is due.
    CallbackHost.objects.update(probe_at=timezone.now())
    wait_until(lambda: CallbackAttempt.objects.count() > tried)
    wait_until(lambda: CallbackHost.objects.filter(probes=1).exists())
    assert CallbackAttempt.objects.count() == tried + 1
    # It gets well, and everything flows.
    monkeypatch.setitem(BEHAVIOURS, "silent", BEHAVIOURS["ok"])

    def has_all() -> bool:
        # Again and again: a probe may have left before it got well, and puts the next one off.
        CallbackHost.objects.update(probe_at=timezone.now())
        waiting = Callback.objects.filter(state="pending")
        return not waiting.update(due_at=timezone.now())

    wait_until(has_all)
    wait_until(lambda: not CallbackHost.objects.exists())


def test_the_order_holds_under_retries(
    receiver: RudeReceiver,
    bench: Bench,
    make_message: MakeMessage,
    run: Callable[[], NotifyPump],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = receiver.url("500")
    message = make_message(callback_url=url, callback_host=host_of(url))
    bench.turn()
    Callback.objects.create(
        message=message, account=message.account, event=2, status="delivered", url=url,
        method="POST", host=host_of(url),
    )  # fmt: skip
    run()
    wait_until(CallbackAttempt.objects.exists)
    for _ in range(2):
        before = CallbackAttempt.objects.count()
        Callback.objects.filter(locked_until=None).update(due_at=timezone.now())
        wait_until(partial(more_than, before))
    monkeypatch.setitem(BEHAVIOURS, "500", BEHAVIOURS["ok"])
    Callback.objects.filter(locked_until=None).update(due_at=timezone.now())
    wait_until(lambda: Callback.objects.filter(state="delivered").count() == 2)
    events = list(CallbackAttempt.objects.values_list("callback__event", flat=True))
    assert events == sorted(events) and events.count(2) == 1
