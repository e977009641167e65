"""Why a message stands where it stands, in words for people."""

import re
from dataclasses import dataclass
from typing import Final

from sms.causes import ADVICE, causes_of
from sms.errors import ErrorCode
from sms.lifecycle import SegmentState, Status
from sms.models import Event, Message, Segment

_KINDS: Final = Event.Kind
_DECIDES: Final = (
    *(_KINDS.CANCELLED, _KINDS.BLOCKED, _KINDS.SUSPENDED, _KINDS.NO_ROUTE, _KINDS.OVERFLOW),
    *(_KINDS.TOO_EXPENSIVE, _KINDS.BROKEN, _KINDS.EXPIRED, _KINDS.CLIENT, _KINDS.REFUSED),
    *(_KINDS.UNANSWERED, _KINDS.PART_MISSING),
)
"""Events that end a message, or spoil it."""

_PEERS_WORDS: Final = re.compile(r"\b[A-Z][A-Z_]{5,}\b")
"""Such as ESME_RINVDSTADR and UNDELIV, by which causes and answers name the same thing."""

_DELAYS: Final = (_KINDS.DEFERRED, _KINDS.LEASE_LOST, _KINDS.REROUTED)
"""Events that make one wait."""

_WORDS: Final = {
    Status.QUEUED: "It waits in its queue",
    Status.SENDING: "It is on its way to the carrier",
    Status.SENT: "The carrier has it; no receipt has come yet",
    Status.DELIVERED: "The handset has it",
    Status.RECEIVED: "It came in and is stored",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a message stands, why, and what to do."""

    headline: str
    evidence: str = ""
    """What decided it, in the words of whoever said so."""
    causes: tuple[str, ...] = ()
    """What its code may come from, where nothing tells which it was."""
    advice: str = ""


def explain(message: Message) -> Explanation:
    """Say why a message stands where it stands."""
    error = message.error
    if error is None:
        kinds = _DELAYS if message.status == Status.QUEUED else ()
        return Explanation(_headline(message), _event(message, kinds))
    evidence = _event(message, _DECIDES) or _peer(message)
    return Explanation(
        headline=f"{error.text} ({error.value})",
        evidence=evidence,
        causes=_causes(error, evidence),
        advice=ADVICE[error],
    )


def _causes(error: ErrorCode, evidence: str) -> tuple[str, ...]:
    """List what a code comes from: where a peer's word is known, only what that word means."""
    causes = tuple(causes_of(error))
    said = set(_PEERS_WORDS.findall(evidence))
    meant = tuple(cause for cause in causes if said & set(_PEERS_WORDS.findall(cause)))
    return meant if evidence else causes


def _headline(message: Message) -> str:
    if message.status in (Status.FAILED, Status.UNDELIVERED):
        return "It failed, and nothing says why"
    if message.status == Status.DELIVERED and message.is_to_client:
        return "The SIP client has it"
    return _WORDS[Status(message.status)]


def _event(message: Message, kinds: tuple[Event.Kind, ...]) -> str:
    found = [event for event in message.events.all() if event.kind in kinds]
    if not found:
        return ""
    last = found[-1]
    return f"{last.get_kind_display()}: {last.raw}" if last.raw else str(last.get_kind_display())


def _peer(message: Message) -> str:
    """Quote the first segment that did not arrive."""
    for segment in message.segments.order_by("number"):
        if words := _quote(segment):
            return words
    return ""


def _quote(segment: Segment) -> str:
    if segment.state in (SegmentState.UNDELIVERED, SegmentState.FAILED):
        return f"the carrier's receipt says: {segment.receipt}"
    if segment.state in (SegmentState.REFUSED, SegmentState.UNANSWERED):
        return f"the carrier's answer: {segment.answer}"
    return ""
