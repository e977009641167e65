"""What a message comes to that no place of its client has taken."""

from dataclasses import dataclass, replace
from typing import Final

from sms.errors import ErrorCode
from sms.transports.base import Fault, TransportError
from sms.transports.sip import status as statuses
from sms.transports.sip.message import Response
from sms.transports.sip.status import Meaning

_WAIT_S: Final = 3600.0
"""How often a message looks whether its client is back; a REGISTER wakes it at once."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What became of one copy."""

    rank: tuple[int, int]
    """The best of several counts: the lowest."""
    meaning: Meaning
    raw: str
    retry_after_s: float | None = None


def refused(response: Response) -> Failure:
    """Read an answer that says no."""
    return Failure(
        statuses.rank(response.status),
        statuses.meaning(response.status),
        f"{response.status} {response.reason}"[:200],
        _retry_after_s(response),
    )


def unanswered(reason: str, *, flow_is_gone: bool) -> Failure:
    """Say that no answer came; `reason` is for an operator."""
    if flow_is_gone:
        return Failure(statuses.rank(503), statuses.FLOW_LOST, reason)
    return Failure(statuses.rank(408), statuses.NO_ANSWER, reason)


def half_taken(failure: Failure) -> Failure:
    """Say the same of a text whose beginning was taken: to try again would repeat that."""
    meaning = replace(failure.meaning, retry_s=None, may_wait=False)
    return replace(failure, meaning=meaning)


def error_of(
    meaning: Meaning, raw: str, retry_after_s: float | None, *, waits: bool
) -> TransportError:
    """Say what it means for the message; `waits` keeps it until its client is back."""
    if meaning.may_wait and waits:
        wait_s, max_tries = _WAIT_S, None
    elif meaning.retry_s is None:
        return TransportError(meaning.code, permanent=True, raw=raw)
    else:
        wait_s = max(retry_after_s or 0.0, meaning.retry_s)
        max_tries = meaning.max_tries
    # Never the edge's own: one client's trouble says nothing of the others.
    return TransportError(
        meaning.code,
        permanent=False,
        raw=raw,
        retry_in_s=wait_s,
        max_tries=max_tries,
        fault=Fault.MESSAGE,
    )


def unsent(raw: str) -> TransportError:
    """Say of what was never tried that it has not left."""
    code = ErrorCode.UNREACHABLE_CARRIER
    return TransportError(code, permanent=False, raw=raw, fault=Fault.LINE)


def _retry_after_s(response: Response) -> float | None:
    text = response.headers.get("retry-after").partition("(")[0].partition(";")[0].strip()
    if text.isascii() and text.isdigit():
        return min(float(text), statuses.LONGEST_RETRY_S)
    return None
