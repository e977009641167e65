"""With what a claimed message ends before anything of it leaves; 30002 and 30004 are said here."""

from collections.abc import Sequence
from dataclasses import dataclass

from sms import blocking
from sms.blocking import Passage
from sms.errors import ErrorCode
from sms.models import Event
from sms.outbox import Claimed


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
        too_late = ErrorCode(message.retry_code or ErrorCode.UNREACHABLE_CARRIER)
        return End(too_late, Event.Kind.EXPIRED)
    return None


def _passage(message: Claimed) -> Passage:
    return Passage(message.account_id, message.sender, message.recipient, message.id)
