"""Claimed messages that go no further; 30002 and 30004 are said here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sms import blocking, outbox, wake
from sms.blocking import Passage
from sms.dispatch.opened import Open
from sms.dispatch.verdict import decide
from sms.errors import ErrorCode
from sms.lifecycle import SegmentState, Status
from sms.models import Event, Segment
from sms.outbox import Claimed, Move
from sms.receive import settle


@dataclass(frozen=True, slots=True)
class End:
    """Why a message may not be sent any more."""

    code: ErrorCode
    kind: Event.Kind
    raw: str = ""


def ends(claimed: Sequence[Claimed]) -> dict[int, End]:
    """Say which of these may not go out, and why, by message id."""
    refused = blocking.refusals(map(_passage, claimed))
    found = {m.id: _end(m, refused.get(_passage(m), "")) for m in claimed}
    return {id_: end for id_, end in found.items() if end}


def _end(message: Claimed, refusal: str) -> End | None:
    if message.account_status != "active":
        return End(ErrorCode.ACCOUNT_SUSPENDED, Event.Kind.SUSPENDED)
    if refusal:
        return End(ErrorCode.BLOCKED, Event.Kind.BLOCKED, refusal)
    if message.expires_in_s <= 0:
        too_late = ErrorCode.stored(message.retry_code or ErrorCode.UNREACHABLE_CARRIER)
        return End(too_late, Event.Kind.EXPIRED)
    return None


def _passage(message: Claimed) -> Passage:
    return Passage(message.account_id, message.sender, message.recipient, message.id)


def end(over: Mapping[int, End], *, worker: str) -> None:
    """Fail messages that may not be sent any more."""
    if not over:
        return
    outbox.record(
        moves=[Move(id_, Status.FAILED, why.code) for id_, why in over.items()],
        events=[Event(message_id=id_, kind=why.kind, raw=why.raw) for id_, why in over.items()],
        worker=worker,
    )
    wake.notify()


def begin_anew(messages: Sequence[Open], *, worker: str) -> list[Open]:
    """Settle messages whose link cuts long texts in another way since their last try.

    Where no part is out yet they begin anew; parts of two cuts make no text together.
    Returns those that can be sent.
    """
    recut = [message for message in messages if message.is_recut]
    fresh = [m for m in recut if set(m.states.values()) == {SegmentState.DEFERRED}]
    if fresh:
        Segment.objects.filter(message_id__in=[m.claimed.id for m in fresh]).delete()
    for message in fresh:
        message.begin_anew()
    word = "the link cuts long texts in another way since a part was accepted"
    mixed = End(ErrorCode.UNKNOWN, Event.Kind.REFUSED, word)
    end({message.claimed.id: mixed for message in recut if message.is_recut}, worker=worker)
    return [message for message in messages if not message.is_recut]


def finish(messages: Sequence[Open], *, worker: str) -> None:
    """Move messages of which nothing is left to be sent to where their segments say they are.

    A worker that was away longer than its lease wrote their last answers, when the messages
    were no longer its own to move.
    """
    if not messages:
        return
    decisions = map(decide, messages)
    outbox.record(moves=[move for move in decisions if isinstance(move, Move)], worker=worker)
    settle([message.claimed.id for message in messages])
    wake.notify()
