"""Messages that wait for a link that is in trouble: to another that can take them.

Only what no peer has a part of moves (`outbox.transfer` guards it), and only to a link that
is well: where none is, everything stays. A link's queue is walked through batch by batch,
from where the last turn stopped, since of a long one the first batch may be bound to stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from sms import outbox, routing, slots, wake
from sms.lifecycle import SegmentState
from sms.models import Event, Link, Segment
from sms.models.message import MessageQuerySet
from sms.outbox import Transfer
from sms.routing import Choice, Condition, Table, Traits, join_ids, split_ids
from sms.sweep.batch import BATCH, locked

GRACE = timedelta(seconds=5)
"""How long a link may be away before what waits for it moves: a worker that is started again
needs less."""

WALK = 4
"""How many batches a turn looks through where nothing can move."""

_places: dict[int, tuple[datetime, int]] = {}
"""Where the walk through a link's queue stopped: due time and id."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """A link that messages are moved from."""

    link_id: int
    name: str
    why: str
    waited: timedelta = timedelta(0)
    """Only what has been due for longer moves."""


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    due_at: datetime
    tried: str
    traits: Traits


def move_waiting() -> int:
    """Move what waits for links in trouble; return the number that moved."""
    table = routing.now()
    return sum(_move_from(trouble, table) for trouble in _troubles(table))


def _troubles(table: Table) -> Iterator[_Trouble]:
    lately_up = slots.links_lately_up(GRACE)
    for id_, name, enabled, slow_after_s in Link.objects.values_list(
        "id", "name", "enabled", "slow_after_s"
    ):
        condition = table.condition(id_)
        if not enabled:
            trouble = _Trouble(id_, name, "disabled")
        elif condition is Condition.DOWN and id_ not in lately_up:
            trouble = _Trouble(id_, name, condition.value)
        elif condition is Condition.OPEN:
            trouble = _Trouble(id_, name, condition.value)
        elif condition is Condition.SLOW:
            trouble = _Trouble(id_, name, condition.value, timedelta(seconds=slow_after_s))
        else:
            continue
        if table.has_stand_in(id_):
            yield trouble


def _move_from(trouble: _Trouble, table: Table) -> int:
    for _ in range(WALK):
        moved, is_end = _move_batch(trouble, table)
        if moved or is_end:
            return moved
    return 0


def _move_batch(trouble: _Trouble, table: Table) -> tuple[int, bool]:
    """Move a batch; return how many moved, and whether the walk came to its end."""
    with transaction.atomic():
        rows = _next_rows(trouble)
        choices = {row.id: _choose(row, trouble, table) for row in rows}
        transfers = [
            Transfer(row.id, trouble.link_id, choice.way.link_id, _tried(row, trouble))
            for row in rows
            if (choice := choices[row.id]).way and choice.is_ready
        ]
        moved = outbox.transfer(transfers)
        Event.objects.bulk_create(
            Event(
                message_id=id_,
                kind=Event.Kind.REROUTED,
                raw=f"{trouble.name}: {trouble.why} -> {choices[id_].note}"[:255],
            )
            for id_ in moved
        )
        for name in {way.link_name for id_ in moved if (way := choices[id_].way)}:
            transaction.on_commit(partial(wake.link, name))
    is_end = len(rows) < BATCH
    if is_end:
        _places.pop(trouble.link_id, None)
    else:
        _places[trouble.link_id] = rows[-1].due_at, rows[-1].id
    return len(moved), is_end


def _choose(row: _Row, trouble: _Trouble, table: Table) -> Choice:
    tried = {trouble.link_id}
    if trouble.waited:  # two slow links must not play ball
        tried |= split_ids(row.tried)
    return table.choose(row.traits, tried)


def _tried(row: _Row, trouble: _Trouble) -> str:
    return join_ids(split_ids(row.tried) | {trouble.link_id}) if trouble.waited else ""


def _next_rows(trouble: _Trouble) -> list[_Row]:
    waiting = (
        locked()
        .waiting()
        .filter(link_id=trouble.link_id, due_at__lte=Now() - trouble.waited, is_pinned=False)
    )
    if place := _places.get(trouble.link_id):
        due_at, id_ = place
        # The first condition says less, and is what the index can be entered by.
        waiting = waiting.filter(due_at__gte=due_at).filter(
            Q(due_at__gt=due_at) | Q(due_at=due_at, id__gt=id_)
        )
    columns = ("sid", "recipient_key", "account_id", "sender_key", "num_segments")
    rows = (
        _free(waiting).order_by("due_at", "id").values_list("id", "due_at", "tried_links", *columns)
    )
    return [
        _Row(id_, due_at, tried, Traits(sid, recipient, account_id, sender, segments or 1))
        for id_, due_at, tried, sid, recipient, account_id, sender, segments in rows[:BATCH]
    ]


def _free(messages: MessageQuerySet) -> MessageQuerySet:
    """Keep those that no peer has a part of, or may have."""
    segments = Segment.objects.filter(message=OuterRef("pk"))
    return messages.filter(~Exists(segments.exclude(state=SegmentState.DEFERRED)))
