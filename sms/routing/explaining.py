"""Why a message goes where it goes: every candidate, and what was decided about it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from sms.routing.conditions import TOO_EXPENSIVE, Condition
from sms.routing.table import Choice, Table, Traits, Way


class Fate(Enum):
    """What becomes of a candidate."""

    TAKES = "takes it"
    STANDS_BY = "next, when those before it cannot"
    WAITS = "it waits for this one"
    PASSED_OVER = "passed over"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One link that may carry the message."""

    way: Way
    priority: int
    """1 for the group of the lowest."""
    fate: Fate
    trouble: str = ""
    """Why it is passed over."""
    percent: int = 0
    """Of messages alike, the part that goes to it now."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is decided for a message, and for each of its candidates, in their order."""

    choice: Choice
    candidates: Sequence[Candidate]


def explain(table: Table, traits: Traits) -> Explanation:
    """Explain what becomes of messages like this one. Uses up probes of the table."""
    groups = table.groups(traits)
    troubles = {way: _trouble(way, table, traits) for group in groups for way in group}
    choice = table.choose(traits)
    return Explanation(choice, list(_candidates(groups, troubles, choice)))


def _trouble(way: Way, table: Table, traits: Traits) -> str:
    limit = table.max_price(traits.account_id)
    if limit is not None and way.price * traits.segments > limit:
        return TOO_EXPENSIVE
    link = way.link
    is_tried = link.condition is Condition.PROBING and link.probes > 0
    takes = (link.condition is Condition.READY or is_tried) and not link.is_full
    return "" if takes else link.trouble


def _candidates(
    groups: Sequence[Sequence[Way]], troubles: dict[Way, str], choice: Choice
) -> Iterator[Candidate]:
    is_found = False
    for number, group in enumerate(groups, start=1):
        able = [way for way in group if not troubles[way]]
        weight = sum(way.weight for way in able)
        for place, way in enumerate(able):
            # Those without a weight come only when nobody with one can.
            share = way.weight / weight if weight else float(not place)
            fate = Fate.TAKES if share and not is_found else Fate.STANDS_BY
            percent = round(100 * share) if fate is Fate.TAKES else 0
            yield Candidate(way, number, fate, percent=percent)
        for way in group:
            if troubles[way]:
                waits = choice.way is way and not choice.is_ready
                fate = Fate.WAITS if waits else Fate.PASSED_OVER
                yield Candidate(way, number, fate, troubles[way], percent=100 * waits)
        is_found = is_found or bool(able)
