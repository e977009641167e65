"""Where messages go that their link's peer has just refused for now.

Each candidate is tried once in a round. When all have been, or no other is well, the round
ends: the message waits as long as the last answer asks for, and the best link is tried again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sms import routing
from sms.dispatch.opened import Refused
from sms.models import Event, Message
from sms.outbox import Deferral, Move
from sms.routing import Table, Traits, join_ids, split_ids


@dataclass(slots=True)
class Rerouting:
    """What becomes of a batch of refused messages."""

    moves: list[Move] = field(default_factory=list)
    deferrals: list[Deferral] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    """Whose workers have something to do."""


@dataclass(frozen=True, slots=True)
class _Row:
    traits: Traits
    tried: frozenset[int]
    is_pinned: bool


def reroute(refused: Sequence[Refused], *, link_id: int) -> Rerouting:
    """Say where refused messages go from a link."""
    result = Rerouting()
    if not refused:
        return result
    table, rows = routing.table(), _rows([message.message_id for message in refused])
    for message in refused:
        row = rows[message.message_id]
        if row.is_pinned or not _moves_on(message, row, table, link_id, result):
            _waits(message, row, table, link_id, result)
    return result


def _moves_on(message: Refused, row: _Row, table: Table, link_id: int, result: Rerouting) -> bool:
    tried = row.tried | {link_id}
    choice = table.choose(row.traits, tried)
    if choice.way is None or not choice.is_ready:
        return False
    result.deferrals.append(
        Deferral(
            message.message_id,
            0.0,
            message.error.code,
            link_id=choice.way.link_id,
            tried=join_ids(tried),
        )
    )
    result.links.add(choice.way.link_name)
    # Later rounds are as the first was: a timeline that told them all would not end.
    if message.attempts < len(table.candidates(row.traits)):
        what = f"{table.name(link_id)}: {message.error.raw} -> {choice.note}"
        kind = Event.Kind.REROUTED
        result.events.append(Event(message_id=message.message_id, kind=kind, raw=what[:255]))
    return True


def _waits(message: Refused, row: _Row, table: Table, link_id: int, result: Rerouting) -> None:
    kind = Event.Kind.DEFERRED
    result.events += [Event(message_id=message.message_id, kind=kind, raw=w) for w in message.words]
    decision = message.otherwise
    if isinstance(decision, Move):
        result.moves.append(decision)
        return
    best = None if row.is_pinned else table.choose(row.traits).way
    to = best.link_id if best and best.link_id != link_id else None
    result.deferrals.append(replace(decision, link_id=to, tried=""))


def _rows(message_ids: Sequence[int]) -> dict[int, _Row]:
    columns = ("id", "sid", "recipient_key", "account_id", "sender_key", "num_segments")
    rows = Message.objects.filter(id__in=message_ids)
    return {
        id_: _Row(
            Traits(sid, recipient, account_id, sender, segments or 1), split_ids(tried), is_pinned
        )
        for id_, sid, recipient, account_id, sender, segments, tried, is_pinned in rows.values_list(
            *columns, "tried_links", "is_pinned"
        )
    }
