"""What became of what was accepted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.faults.customer import Posted

Told = Mapping[str, list[tuple[str, float]]]
FINAL = {"delivered", "undelivered", "failed"}
IN_ORDER = [["sent", "delivered"], ["sent", "undelivered"], ["sent", "failed"], ["failed"]]


@dataclass(frozen=True, slots=True)
class Tally:
    """One fault in numbers."""

    messages: int
    repeats: int
    lost: int
    """Accepted, and not final when all had long been over."""
    doubled: int
    """Submitted to the carrier more than once."""
    unanswered: int
    """Failed with 30090: the carrier may have them, so they are not sent again."""
    amiss: int
    """Whose callbacks did not all come, or not in order."""
    recovered_s: float
    """From the fault's end until something posted after it was delivered."""
    left: Mapping[str, int]
    """Of the lost, how many stand where."""

    @property
    def is_good(self) -> bool:
        """Say whether every promise was kept."""
        return not (self.lost or self.doubled or self.amiss)


def count(
    accepted: Iterable[Posted],
    *,
    ends: Mapping[str, tuple[str, int | None]],
    submitted: Mapping[str, int],
    told: Told,
    healed_at: float,
    repeats: int,
) -> Tally:
    """Compare what was accepted with what the platform, carrier and receiver say of it.

    `ends` has status and error code by sid; `submitted` a number by recipient.
    """
    accepted = list(accepted)
    unfinished = {posted.sid for posted in accepted if ends.get(posted.sid, ("",))[0] not in FINAL}
    return Tally(
        messages=len(accepted),
        repeats=repeats,
        lost=len(unfinished),
        doubled=sum(submitted.get(posted.recipient, 0) > 1 for posted in accepted),
        unanswered=sum(ends.get(posted.sid, ("", None))[1] == 30090 for posted in accepted),
        amiss=sum(
            not _is_told(ends[posted.sid][0], told.get(posted.sid, []))
            for posted in accepted
            if posted.sid not in unfinished
        ),
        recovered_s=_recovery(accepted, told, healed_at),
        left=Counter(ends.get(sid, ("unknown",))[0] for sid in unfinished),
    )


def _is_told(end: str, told: list[tuple[str, float]]) -> bool:
    """Say whether callbacks told everything, each at least once, in order, up to the end."""
    statuses = list(dict.fromkeys(status for status, _ in told))
    return statuses in IN_ORDER and statuses[-1] == end


def _recovery(accepted: list[Posted], told: Told, healed_at: float) -> float:
    deliveries = (
        at
        for posted in accepted
        if posted.at >= healed_at
        for status, at in told.get(posted.sid, [])
        # One that was accepted before, and whose answer was lost, may have been delivered before.
        if status == "delivered" and at >= healed_at
    )
    return min(deliveries, default=float("inf")) - healed_at
