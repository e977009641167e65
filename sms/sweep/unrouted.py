"""Messages without a link: they get one, or their end."""

from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from accounts import numbers
from accounts.models import Client
from sms import blocking, outbox, routing, wake
from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.models import Event, Message
from sms.outbox import Move
from sms.sweep.batch import BATCH, locked


def settle_unrouted() -> int:
    """Give messages that have no link one, or their end."""
    with transaction.atomic():
        unrouted = locked().waiting().filter(link__isnull=True, due_at__lte=Now())
        rows = list(unrouted[:BATCH])
        if rows:
            routing.forget()  # one that has been added since would save them
        moves, events = [], []
        refused = blocking.refusals(map(_passage, rows))
        for message in rows:
            if failure := _failure(message, refused.get(_passage(message), "")):
                code, kind, raw = failure
                moves.append(Move(message.id, Status.FAILED, code))
                events.append(Event(message=message, kind=kind, raw=raw))
        outbox.record(moves=moves, events=events)
    if moves:
        wake.notify()
    return len(rows)


_Failure = tuple[ErrorCode, Event.Kind, str]


def _passage(message: Message) -> blocking.Passage:
    return blocking.Passage(message.account_id, message.sender, message.recipient)


def _failure(message: Message, refusal: str) -> _Failure | None:
    if refusal:
        return ErrorCode.BLOCKED, Event.Kind.BLOCKED, refusal
    return _to_client(message) if message.is_to_client else _to_network(message)


def _to_client(message: Message) -> _Failure:
    login = message.recipient.removeprefix(numbers.CLIENT_PREFIX)
    client = Client.objects.with_login(login).select_related("account").first()
    # A client of strangers counts as unknown: who exists there is not the sender's business.
    known = client and client.account.root() == message.account.root()
    code = ErrorCode.UNREACHABLE_HANDSET if known else ErrorCode.UNKNOWN_HANDSET
    return code, Event.Kind.CLIENT, ""


def _to_network(message: Message) -> _Failure | None:
    way = routing.choose(message.recipient_key)
    if way is None:
        return ErrorCode.UNREACHABLE_CARRIER, Event.Kind.NO_ROUTE, ""
    Message.objects.filter(id=message.id).update(link_id=way.link_id)
    transaction.on_commit(partial(wake.link, way.link_name))
    return None
