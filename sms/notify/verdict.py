"""What follows from an answer: it is done, comes again later, goes elsewhere, or is given up."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from sms.models import Callback
from sms.outbox import ClaimedCallback
from sms.webhook.sender import Answer

FIRST_RETRY_S = 10.0
LONGEST_RETRY_S = 4 * 3600.0
GONE = 410


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a callback after an attempt."""

    state: Callback.State
    delay_s: float = 0.0
    """Until the next try of one that is still pending."""
    url: str = ""
    """Where it goes from now on; "" for where it went."""
    method: str = ""
    then: Callable[[], None] | None = None
    """Writes that belong to it. Run in the transaction that records the attempt, and only if
    the callback was still this worker's: together they happen once. No network in here."""


def done(then: Callable[[], None] | None = None) -> Verdict:
    """Say that the receiver took it."""
    return Verdict(Callback.State.DELIVERED, then=then)


def failed(then: Callable[[], None] | None = None) -> Verdict:
    """Say that it is not tried again."""
    return Verdict(Callback.State.FAILED, then=then)


def elsewhere(url: str, method: str = "POST") -> Verdict:
    """Say that it goes on at once, at another URL: a fallback, or the next document."""
    return Verdict(Callback.State.PENDING, url=url, method=method)


def later(callback: ClaimedCallback, answer: Answer) -> Verdict:
    """Say that it comes again, at the peer's time or ours; given up after the day it has."""
    delay_s = answer.retry_after_s or retry_in_s(callback.attempts)
    if callback.age_s + delay_s > settings.CALLBACK_GIVE_UP_S:
        return failed()
    return Verdict(Callback.State.PENDING, delay_s)


def by_status(callback: ClaimedCallback, answer: Answer) -> Verdict:
    """Judge by the status alone. Source: sms-api 6.3, "Retries".

    410 ends this callback and no other: the URL was given with one message, and its other
    event may still be welcome there.
    """
    if answer.ok:
        return done()
    return failed() if answer.status == GONE or answer.is_final else later(callback, answer)


def retry_in_s(attempts: int) -> float:
    """Say how long to wait after so many attempts: doubling, capped, with full jitter."""
    longest: float = min(FIRST_RETRY_S * 2 ** min(attempts - 1, 20), LONGEST_RETRY_S)
    return random.uniform(0, longest)  # noqa: S311  # jitter, not a secret
