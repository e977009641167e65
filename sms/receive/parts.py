"""Join the parts of messages, in the database: they come over any bind, to any worker.

A row of `Arrival` is the lock of one message. Whoever brings a part takes it and adds the
part, and the one who adds the last part makes the message, all in one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from accounts import numbers
from sms import text
from sms.models import Arrival, Message
from sms.models.arrival import arrival_key
from sms.transports.base import Inbound

_WRITTEN = (
    *("sender", "recipient", "texts", "headers", "remark", "session"),
    *("link", "message", "first_at", "done_at", "due_at"),
)


@dataclass(slots=True, eq=False)
class Whole:
    """A message that can be stored: its parts are there, or were waited for in vain."""

    sender: str
    recipient: str
    body: str = field(repr=False)
    parts: int = 1
    missing: tuple[int, ...] = ()
    """Numbers of the parts that did not come."""
    headers: tuple[tuple[str, str], ...] = ()
    remark: str = ""
    link_id: int | None = None
    message: Message | None = None
    """The row that it became; set from the start where a late part mends one."""


@dataclass(slots=True, eq=False)
class _Joint:
    """A row, locked, and the message that was made of it in this batch."""

    row: Arrival
    whole: Whole | None = None


class Joiner:
    """The parts of one batch, in one transaction: take, store what is whole, keep."""

    def __init__(self, *, link_id: int | None, now: datetime) -> None:
        self._link_id = link_id
        self._now = now
        self._joints: dict[str, _Joint] = {}

    def take(self, batch: Sequence[Inbound]) -> list[Whole]:
        """Add segments to their messages; return those messages that can be stored now."""
        self._joints = self._meet({_key(item): item for item in batch if item.session})
        made = []
        for item in batch:
            joint = self._joints.get(_key(item))
            made += self._add(joint, item) if joint else [_alone(item, self._link_id)]
        return made

    def give_up(self, rows: Sequence[Arrival]) -> list[Whole]:
        """Return the messages of rows that have waited long enough, without what is missing."""
        self._joints = {row.key: _Joint(row) for row in rows}
        return [self._close(joint) for joint in self._joints.values()]

    def keep(self) -> None:
        """Write down what came, and which messages were made of it."""
        for joint in self._joints.values():
            if joint.whole:
                joint.row.message = joint.whole.message
        Arrival.objects.bulk_create(
            (joint.row for joint in self._joints.values()),
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=_WRITTEN,
        )

    def _meet(self, wanted: dict[str, Inbound]) -> dict[str, _Joint]:
        """Lock the rows of messages, made where there are none.

        In one order, by key and then by id, so that two workers with parts of the same
        messages queue up instead of waiting for each other.
        """
        if not wanted:
            return {}
        Arrival.objects.bulk_create(
            (Arrival(key=key, parts=item.parts) for key, item in sorted(wanted.items())),
            ignore_conflicts=True,
        )
        locked = Arrival.objects.select_for_update().filter(key__in=wanted).order_by("id")
        return {row.key: _Joint(row) for row in locked}

    def _add(self, joint: _Joint, item: Inbound) -> list[Whole]:
        """Add a segment to its message; return the messages that this makes."""
        row, made = joint.row, []
        known = row.known().get(item.part)
        if self._is_repeat(row, item, known):
            return []
        if row.done_at and known is None and self._is_remembered(row):
            return [self._mend(joint, item)]
        if known is not None and not row.done_at:
            # Its sender has come round to the same reference: the rest will not come.
            made.append(self._close(joint))
        if row.done_at or not row.known():
            self._begin(row)
        self._put(row, item)
        if len(row.known()) == row.parts:
            made.append(self._close(joint))
        return made

    def _is_repeat(self, row: Arrival, item: Inbound, known: str | None) -> bool:
        """Say whether a segment comes once more because its peer had no answer from us."""
        if known != item.text:
            return False
        if row.done_at is None:
            return True
        # A text in one part has nothing but its words to be known by, and people do say
        # "yes" twice: only another connection makes a repeat of it.
        return self._is_remembered(row) and (item.parts > 1 or item.session != row.session)

    def _is_remembered(self, row: Arrival) -> bool:
        return row.done_at is not None and self._now <= row.due_at

    def _begin(self, row: Arrival) -> None:
        row.keep({})
        row.message, row.done_at, row.headers, row.remark = None, None, [], ""
        row.first_at = self._now
        row.due_at = self._now + timedelta(seconds=settings.SMS_PARTS_TIMEOUT_S)

    def _put(self, row: Arrival, item: Inbound) -> None:
        row.sender, row.recipient, row.session = item.sender, item.recipient, item.session
        row.link_id = self._link_id
        row.headers = row.headers or [list(pair) for pair in item.headers]
        row.remark = row.remark or item.remark[:255]
        row.keep({**row.known(), item.part: item.text})

    def _close(self, joint: _Joint) -> Whole:
        """Make a message of the parts that are there."""
        row = joint.row
        row.done_at = self._now
        row.due_at = self._now + timedelta(seconds=settings.SMS_REDELIVERY_S)
        joint.whole = _whole(row)
        return joint.whole

    def _mend(self, joint: _Joint, item: Inbound) -> Whole:
        """Add a part to a message that was stored without it."""
        row = joint.row
        row.keep({**row.known(), item.part: item.text})
        joint.whole = _whole(row)
        joint.whole.message = row.message
        return joint.whole


def _key(item: Inbound) -> str:
    parties = numbers.key(item.sender), numbers.key(item.recipient)
    if item.parts > 1:
        return arrival_key(*parties, item.scheme, item.reference, item.parts)
    return arrival_key(*parties, item.text)


def _alone(item: Inbound, link_id: int | None) -> Whole:
    """Make a message of a segment whose peer does not repeat itself."""
    return Whole(
        sender=item.sender,
        recipient=item.recipient,
        body=_storable(item.text),
        headers=item.headers,
        remark=item.remark,
        link_id=link_id,
    )


def _whole(row: Arrival) -> Whole:
    known, numbered = row.known(), range(1, row.parts + 1)
    return Whole(
        sender=row.sender,
        recipient=row.recipient,
        # Joined before it is cleaned: two parts may hold a character between them.
        body=_storable("".join(known.get(n, _mark(n, row.parts)) for n in numbered)),
        parts=row.parts,
        missing=tuple(n for n in numbered if n not in known),
        headers=tuple((str(name), str(value)) for name, value in row.headers),
        remark=row.remark,
        link_id=row.link_id,
    )


def _mark(number: int, parts: int) -> str:
    return f"[part {number} of {parts} is missing]"


def _storable(body: str) -> str:
    return text.clean(body).replace("\x00", "\ufffd")
