"""What an outcome means: for its segment, and for a message that has all of them. Pure."""

from sms.dispatch.opened import Open
from sms.errors import ErrorCode
from sms.lifecycle import SegmentState, Status, fold
from sms.outbox import Deferral, Move, SegmentWrite
from sms.transports.base import Accepted, Outcome, OutcomeUnknown


def segment_write(outcome: Outcome, *, resends: bool) -> SegmentWrite:
    """Say what an outcome writes into its segment."""
    result = outcome.result
    before = SegmentState.SUBMITTING
    if isinstance(result, Accepted):
        return SegmentWrite(
            outcome.key,
            before,
            SegmentState.ACCEPTED,
            remote_id=result.remote_id[:65],
            remote_key=result.remote_key[:65],
            answer="accepted",
        )
    raw = result.raw[:255]
    if isinstance(result, OutcomeUnknown):
        state = SegmentState.UNANSWERED
        if resends:
            state = SegmentState.DEFERRED
        return SegmentWrite(outcome.key, before, state, answer=raw)
    state = SegmentState.REFUSED if result.permanent else SegmentState.DEFERRED
    return SegmentWrite(outcome.key, before, state, answer=raw, error_code=result.code)


def answer_word(outcome: Outcome) -> str:
    """Name an answer as metrics do: only words that a protocol knows, never a whole sentence."""
    if isinstance(outcome.result, Accepted):
        return "accepted"
    word = outcome.result.raw.partition(" ")[0]
    known = word.startswith("ESME_") or (word.isdecimal() and len(word) == 3)
    return word if known else "other"


def decide(message: Open) -> Move | Deferral:
    """Say what a message does, all of whose segments have had their outcome."""
    id_ = message.claimed.id
    status = fold([message.states[n] for n in message.numbers()])
    last = message.errors[-1] if message.errors else None
    if status == Status.FAILED:
        refused = next((e for e in message.errors if e.permanent), None)
        code = refused.code if refused else ErrorCode.NO_RESPONSE
        return Move(id_, Status.FAILED, code)
    if status is not None:
        return Move(id_, Status.SENT)
    if last is None:
        return Deferral(id_, 0.0, pins=message.is_silent)
    refusals = message.claimed.refusals
    if last.max_tries is not None and refusals >= last.max_tries:
        return Move(id_, Status.FAILED, last.code)
    return Deferral(
        id_, last.wait_s(refusals), last.code, refusals=int(last.counts), pins=message.is_silent
    )
