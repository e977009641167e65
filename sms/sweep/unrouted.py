"""Messages without a link: they get one, or their end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower, Now

from accounts import numbers
from accounts.models import Account, Client
from sms import blocking, outbox, routing, wake
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
    return blocking.Passage(message.account_id, message.sender, message.recipient)


def _to_clients(messages: Sequence[Message]) -> dict[int, _Failure]:
    if not messages:
        return {}
    logins = {m.id: m.recipient.removeprefix(numbers.CLIENT_PREFIX) for m in messages}
    lower = [Lower(Value(login)) for login in set(logins.values())]
    clients = Client.objects.alias(lower=Lower("login")).filter(lower__in=lower)
    owners = {login.casefold(): owner for login, owner in clients.values_list("login", "account")}
    roots = _roots({*owners.values(), *(message.account_id for message in messages)})
    failures = {}
    for message in messages:
        owner = owners.get(logins[message.id].casefold())
        # A client of strangers counts as unknown: who exists there is not the sender's business.
        known = owner is not None and roots[owner] == roots[message.account_id]
        code = ErrorCode.UNREACHABLE_HANDSET if known else ErrorCode.UNKNOWN_HANDSET
        failures[message.id] = _Failure(code, Event.Kind.CLIENT)
    return failures


def _roots(account_ids: set[int]) -> dict[int, int]:
    """Find the accounts at the top of the trees, which have three levels."""
    rows = Account.objects.filter(id__in=account_ids)
    columns = rows.values_list("id", "parent_id", "parent__parent_id")
    return {id_: top or parent or id_ for id_, parent, top in columns}


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
