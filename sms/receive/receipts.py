"""Receipts for what we sent. Applying one twice changes nothing, so peers may repeat themselves."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from sms import covering, meters, outbox, wake
from sms.covering import Part, parts
from sms.errors import ErrorCode
from sms.lifecycle import FINAL, SegmentState, Status, fold, segment_state
from sms.models import Event, Link, Message, ParkedReceipt, Segment
from sms.outbox import Move, SegmentWrite
from sms.transports.base import Receipt

logger = logging.getLogger(__name__)

REMEMBER = timedelta(days=7)
"""How long a provider's id names the same segment, and a receipt waits for its own."""

OVERDUE = 6
"""Looks after which a receipt's id counts as unknown, about two minutes: told once, by then."""

GUESS_AFTER = 2
"""Looks in vain for a receipt's id as it is written, about seven seconds: an answer that is not
here by then hardly ever comes."""

_TELLING = 7
"""Last digits by which two numbers are the same."""

_OPEN_STATES = (SegmentState.ACCEPTED, SegmentState.UNANSWERED)


@dataclass(frozen=True, slots=True)
class _Match:
    receipt: Receipt
    segment: Part


def receipts(batch: Sequence[Receipt], *, link_id: int) -> None:
    """Apply receipts of one link in one transaction; park those whose segment is unknown."""
    with transaction.atomic():
        matches, unknown = _match(batch, link_id)
        settled = _apply(matches)
        _park(unknown, link_id)
    _count(link_id, [match.receipt for match in matches], "yes")
    _count(link_id, unknown, "not yet")
    if settled:
        wake.notify()


def _count(link_id: int, batch: Sequence[Receipt], known: str) -> None:
    for receipt in batch:
        status = receipt.status.value if receipt.status else "on its way"
        meters.RECEIPTS.count(str(link_id), status, known)


def join_parked(limit: int = 500) -> int:
    """Apply parked receipts whose segment is known by now; return how many.

    Either side can miss the other by a moment: the answer's transaction does not see the
    receipt's, nor the other way round. Only looking again later closes that gap.
    """
    joined = 0
    with transaction.atomic():
        due = ParkedReceipt.objects.filter(due_at__lte=Now())
        # Each comes due at least once an hour, so the old are among these, found by an index.
        due.filter(received_at__lt=Now() - REMEMBER).delete()
        due = due.select_for_update(skip_locked=True)
        for link_id, parked in _by_link(due.order_by("due_at")[:limit]).items():
            waited = {row.id for row in parked if row.attempts >= GUESS_AFTER}
            matches, _ = _match([_receipt(row) for row in parked], link_id, waited=waited)
            found = {match.receipt.token for match in matches}
            # Before it is applied: one that covers other parts may be parked once more.
            ParkedReceipt.objects.filter(id__in=found).delete()
            _apply(matches)
            _put_off([row for row in parked if row.id not in found])
            joined += len(found)
    if joined:
        wake.notify()
    return joined


def settle(message_ids: Iterable[int]) -> int:
    """Move messages to where their segments' receipts say they are; return how many moved."""
    with transaction.atomic():
        moved = _settle(sorted(set(message_ids)))
    if moved:
        wake.notify()
    return moved


def _match(
    batch: Sequence[Receipt], link_id: int, *, waited: Collection[int] = ()
) -> tuple[list[_Match], list[Receipt]]:
    """Find each receipt's segment: of one id, the newest that is not final, within 7 days.

    The first of its keys is the id as the peer wrote it, the others are guesses, and may be
    the id of another message while its own is not known yet. So a guess holds where the
    recipient is the same, or the receipt, named in `waited` by its token, has waited for a while.
    """
    known = _known({key for receipt in batch for key in receipt.remote_keys}, link_id)
    guessed = {part.message_id for r in batch for k in r.remote_keys[1:] if (part := known.get(k))}
    recipients = _recipients(guessed)
    matches, unknown = [], []
    for receipt in batch:
        for key in receipt.remote_keys:
            part = known.get(key)
            if part and (
                key == receipt.remote_keys[0]
                or receipt.token in waited
                or _is_same(receipt.recipient, recipients[part.message_id])
            ):
                matches.append(_Match(receipt, part))
                break
        else:
            unknown.append(receipt)
    return matches, unknown


def _known(keys: Collection[str], link_id: int) -> dict[str, Part]:
    known: dict[str, Part] = {}
    recent = Segment.objects.filter(
        link_id=link_id, remote_key__in=keys, submitted_at__gt=Now() - REMEMBER
    ).exclude(remote_key="")
    for segment in parts(recent.order_by("id")):
        earlier = known.get(segment.remote_key)
        if earlier is None or earlier.state not in _OPEN_STATES or segment.state in _OPEN_STATES:
            known[segment.remote_key] = segment
    return known


def _recipients(message_ids: Collection[int]) -> dict[int, str]:
    rows = Message.objects.filter(id__in=message_ids) if message_ids else Message.objects.none()
    return dict(rows.values_list("id", "recipient_key"))


def _is_same(one: str, other: str) -> bool:
    """Say whether two numbers end alike: peers add and leave out what stands before."""
    return len(one) >= _TELLING and one[-_TELLING:] == other[-_TELLING:]


def _apply(matches: Sequence[_Match]) -> int:
    """Write receipts onto their segments and move the messages; the rest becomes events."""
    writes: dict[int, SegmentWrite] = {}
    events: list[Event] = []
    for match in matches:
        segment, receipt = match.segment, match.receipt
        moves = receipt.status in FINAL and segment.state == SegmentState.ACCEPTED
        if moves and segment.id not in writes and receipt.status is not None:
            writes[segment.id] = SegmentWrite(
                segment.id,
                SegmentState.ACCEPTED,
                segment_state(receipt.status),
                receipt=receipt.raw[:255],
                error_code=receipt.code,
            )
        elif _is_news(match, writes.get(segment.id)):
            events.append(_event(match))
    outbox.record(segments=list(writes.values()), events=events)
    written = {match.segment.message_id for match in matches if match.segment.id in writes}
    delivered = [m for m in matches if _is_delivered(m.segment, writes)]
    shared = covering.share((m.segment, m.receipt) for m in delivered)
    return _settle(sorted(written.union(shared)))


def _is_delivered(segment: Part, writes: Mapping[int, SegmentWrite]) -> bool:
    write = writes.get(segment.id)
    return (write.state if write else segment.state) == SegmentState.DELIVERED


def _is_news(match: _Match, write: SegmentWrite | None) -> bool:
    """Say whether a receipt that moves nothing tells more than its segment's row does."""
    known = write.receipt if write else match.segment.receipt
    return match.receipt.raw[:255] != known


def _event(match: _Match) -> Event:
    return Event(
        message_id=match.segment.message_id,
        kind=Event.Kind.RECEIPT,
        raw=f"part {match.segment.number}: {match.receipt.raw}"[:255],
    )


def _settle(message_ids: Sequence[int]) -> int:
    if not message_ids:
        return 0
    # Locked in one order, so that two workers with receipts for the same messages queue up
    # and the second one sees every segment the first has written. Without their keys: the
    # first may have added events, which refer to messages that the second is about to lock.
    ours = Message.objects.filter(id__in=message_ids).order_by("id")
    locked = ours.select_for_update(no_key=True).values_list("id", "status")
    waiting = {id_ for id_, status in locked if status == Status.SENT}
    segments: dict[int, list[Part]] = {}
    # One that is deferred still is of an earlier way to cut the message; another link, or
    # the same with other settings, has taken all of it since.
    taken = Segment.objects.filter(message_id__in=waiting).exclude(state=SegmentState.DEFERRED)
    for segment in parts(taken.order_by("number")):
        segments.setdefault(segment.message_id, []).append(segment)
    moves = [move for id_, own in segments.items() if (move := _move(id_, own))]
    return len(outbox.record(moves=moves).messages)


def _move(message_id: int, segments: Sequence[Part]) -> Move | None:
    status = fold([SegmentState(segment.state) for segment in segments])
    if status not in FINAL or status is None:
        return None
    code = next((s.error_code for s in segments if s.error_code is not None), None)
    return Move(message_id, status, None if code is None else ErrorCode.stored(code))


def _park(unknown: Sequence[Receipt], link_id: int) -> None:
    if not unknown:
        return
    ParkedReceipt.objects.bulk_create(
        (
            covering.park(receipt, link_id=link_id, due_at=Now() + timedelta(seconds=1))
            for receipt in unknown
            if receipt.remote_keys
        ),
        ignore_conflicts=True,
    )
    nameless = sum(not receipt.remote_keys for receipt in unknown)
    if nameless:
        logger.warning("link %s: %s receipts name no message", _name(link_id), nameless)


def _name(link_id: int) -> str:
    return Link.objects.filter(id=link_id).values_list("name", flat=True).get()


def _put_off(parked: Sequence[ParkedReceipt]) -> None:
    """Look again later and later: an answer that is missing for minutes may never come."""
    now = outbox.now()
    for row in parked:
        row.attempts += 1
        row.due_at = now + timedelta(seconds=min(2 ** min(row.attempts, 12), 3600))
        if row.attempts == OVERDUE:
            name = _name(row.link_id)
            logger.warning("link %s: a receipt for %r, an id of no message", name, row.remote_id)
    ParkedReceipt.objects.bulk_update(parked, ["attempts", "due_at"])


def _by_link(rows: QuerySet[ParkedReceipt]) -> dict[int, list[ParkedReceipt]]:
    grouped: dict[int, list[ParkedReceipt]] = {}
    for row in rows:
        grouped.setdefault(row.link_id, []).append(row)
    return grouped


def _receipt(row: ParkedReceipt) -> Receipt:
    return Receipt(
        remote_id=row.remote_id,
        remote_keys=tuple(row.remote_keys),
        status=Status(row.status) if row.status else None,
        code=None if row.error_code is None else ErrorCode.stored(row.error_code),
        raw=row.raw,
        covers=row.covers,
        token=row.id,
    )
