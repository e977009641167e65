"""Messages without a link: they get one, or their end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from sms import blocking, outbox, routing, wake
from sms.clients import whereabouts
from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.models import Event, Message
from sms.outbox import Move, Transfer
from sms.routing import Traits
from sms.sweep.batch import BATCH, locked

_KINDS = {
    ErrorCode.UNREACHABLE_CARRIER: Event.Kind.NO_ROUTE,
    ErrorCode.QUEUE_OVERFLOW: Event.Kind.OVERFLOW,
    ErrorCode.PRICE_EXCEEDED: Event.Kind.TOO_EXPENSIVE,
}
"""What an event says where routing knows no way."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """How a message ends that goes nowhere."""

    code: ErrorCode
    kind: Event.Kind
    raw: str = ""


_NO_CLIENT = _Failure(
    ErrorCode.UNKNOWN_HANDSET, Event.Kind.CLIENT, "there is no client of this name"
)
_AWAY = _Failure(ErrorCode.UNREACHABLE_HANDSET, Event.Kind.CLIENT, "not registered")

LOOK_AGAIN = timedelta(minutes=1)
"""How often a message looks whether its client is back, should it have missed the call."""


def settle_unrouted() -> int:
    """Give messages that have no link one, or their end."""
    with transaction.atomic():
        unrouted = locked().waiting().filter(link__isnull=True, due_at__lte=Now())
        rows = list(unrouted[:BATCH])
        if not rows:
            return 0
        refused = blocking.refusals(map(_passage, rows))
        blocked = {
            message.id: _Failure(ErrorCode.BLOCKED, Event.Kind.BLOCKED, raw)
            for message in rows
            if (raw := refused.get(_passage(message)))
        }
        rest = [message for message in rows if message.id not in blocked]
        failures = blocked | _to_clients([message for message in rest if message.is_to_client])
        failures |= _to_network([message for message in rest if not message.is_to_client])
        outbox.record(
            moves=[Move(id_, Status.FAILED, failure.code) for id_, failure in failures.items()],
            events=[
                Event(message_id=id_, kind=failure.kind, raw=failure.raw)
                for id_, failure in failures.items()
            ],
        )
    if failures:
        wake.notify()
    return len(rows)


def _passage(message: Message) -> blocking.Passage:
    return blocking.Passage(message.account_id, message.sender, message.recipient, message.id)


def _to_clients(messages: Sequence[Message]) -> dict[int, _Failure]:
    """Give messages the edges where their clients are by now; let them wait, or end them."""
    where = whereabouts.find_all({(m.recipient, m.account_id) for m in messages})
    failures: dict[int, _Failure] = {}
    for message in messages:
        found = where[message.recipient, message.account_id]
        if found.login is None:
            failures[message.id] = _NO_CLIENT
        elif found.place:
            Message.objects.filter(id=message.id).update(link_id=found.place.link_id)
            transaction.on_commit(partial(wake.link, found.place.link_name))
        elif not settings.SIP_WAIT_FOR_CLIENTS:
            failures[message.id] = _AWAY
    _put_off([m.id for m in messages if where[m.recipient, m.account_id].is_away])
    return failures


def _put_off(message_ids: Sequence[int]) -> None:
    """Have messages wait for their clients, who call them at once when they register."""
    if not settings.SIP_WAIT_FOR_CLIENTS:
        return
    Message.objects.filter(id__in=message_ids).update(
        status=Status.QUEUED,
        due_at=Now() + LOOK_AGAIN,
        retry_code=ErrorCode.UNREACHABLE_HANDSET,
        date_updated=Now(),
    )


def _to_network(messages: Sequence[Message]) -> dict[int, _Failure]:
    """Give messages a link: since they were accepted one may have come, or may have room."""
    if not messages:
        return {}
    table, failures, transfers = routing.now(), {}, []
    links = set()
    for message in messages:
        choice = table.choose(traits_of(message))
        if way := choice.way:
            links.add(way.link_name)
            transfers.append(Transfer(message.id, None, way.link_id, routed_by=choice.note))
        elif code := choice.failure:
            failures[message.id] = _Failure(code, _KINDS[code], choice.note)
    moved = outbox.transfer(transfers)
    Event.objects.bulk_create(
        Event(message_id=t.message_id, kind=Event.Kind.ROUTED, raw=t.routed_by)
        for t in transfers
        if t.message_id in moved
    )
    for name in links:
        transaction.on_commit(partial(wake.link, name))
    return failures


def traits_of(message: Message) -> Traits:
    """Say what of a message decides where it goes."""
    return Traits(
        message.sid,
        message.recipient_key,
        message.account_id,
        message.sender_key,
        message.num_segments or 1,
    )
