"""How a link does, as far as choosing minds. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """Whether messages may go to a link, in an operator's words; the best first."""

    READY = "ready"
    PROBING = "its circuit is being tried"
    """A few may: they are how it is found out whether it is well again."""
    SLOW = "slow"
    """They would wait long."""
    OPEN = "its circuit is open"
    DOWN = "not connected"


RANKS = {condition: rank for rank, condition in enumerate(Condition)}

FULL = "its queue is full"
TOO_EXPENSIVE = "too expensive"


@dataclass(slots=True)
class Standing:
    """One link, as a table knows it."""

    id: int
    name: str
    condition: Condition = Condition.READY
    is_full: bool = False
    probes: int = 0
    """How many more messages this process sends to see how a PROBING link does."""

    def takes_one(self) -> bool:
        """Say whether a message may go to it now; of a link that is tried, use up a probe."""
        if self.is_full:
            return False
        if self.condition is Condition.PROBING and self.probes > 0:
            self.probes -= 1
            return True
        return self.condition is Condition.READY

    @property
    def trouble(self) -> str:
        """Say why it was passed over."""
        return FULL if self.is_full else self.condition.value
