"""From messages that are whole to their rows, and to what their accounts are told."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from accounts import numbers
from accounts.models import PhoneNumber
from accounts.unrouted import unrouted
from sms import journal, keywords, meters, wake, webhook
from sms.errors import ErrorCode
from sms.lifecycle import Direction, Status
from sms.models import Callback, Event, Hook, Message
from sms.receive.parts import Whole

_Numbers = Mapping[str, PhoneNumber]


def store(wholes: Sequence[Whole], *, now: datetime) -> None:
    """Store messages in the accounts of their numbers; mend those that lacked a part.

    What is for nobody's number is stored as well, where operators find it.
    Source: sms-api 7.1, 7.5.
    """
    new = [whole for whole in wholes if whole.message is None]
    mended = [whole for whole in wholes if whole.message is not None]
    owned = _numbers({numbers.key(whole.recipient) for whole in new})
    for whole in new:
        number = owned.get(numbers.key(whole.recipient))
        whole.message = _row(whole, number.account_id if number else unrouted().pk, now)
    rows = [whole.message for whole in new if whole.message]
    Message.objects.bulk_create(rows)
    for whole in new:
        _heed(whole, owned)
    told = [hook for whole in new if (hook := _hook(whole, owned))]
    Hook.objects.bulk_create(told)
    Callback.objects.bulk_create(_callback(hook) for hook in told)
    if told:
        transaction.on_commit(wake.notify)
    events = [event for whole in new for event in _events(whole, owned, now)]
    events += [_mend(whole, now) for whole in mended]
    Event.objects.bulk_create(events)
    count = partial(meters.MESSAGES.count, Status.RECEIVED.value, "", by=len(rows))
    transaction.on_commit(count)
    ids = [row.pk for row in rows]
    transaction.on_commit(partial(journal.moved, Status.RECEIVED.value, ids))


def _numbers(keys: Iterable[str]) -> _Numbers:
    rows = PhoneNumber.objects.filter(key__in=keys, kind=PhoneNumber.Kind.NUMBER)
    return {number.key: number for number in rows.select_related("account")}


def _heed(whole: Whole, owned: _Numbers) -> None:
    """Do what a keyword asks for; its application hears that this was done."""
    number = owned.get(numbers.key(whole.recipient))
    if not (number and number.sms_enabled and number.account.is_active and whole.message):
        return
    if word := keywords.heed(whole.message):
        whole.headers = (*whole.headers, ("OptOutType", word.value))


def _row(whole: Whole, account_id: int, now: datetime) -> Message:
    return Message(
        account_id=account_id,
        direction=Direction.INBOUND,
        status=Status.RECEIVED,
        sender=whole.sender,
        sender_key=numbers.key(whole.sender),
        recipient=whole.recipient,
        recipient_key=numbers.key(whole.recipient),
        body=whole.body,
        num_segments=whole.parts,
        error_code=_error(whole),
        link_id=whole.link_id,
        date_created=now,
        date_updated=now,
        date_sent=now,
        due_at=None,
    )


def _error(whole: Whole) -> ErrorCode | None:
    """Source: sms-api 0, D12: it stays *received*."""
    return ErrorCode.MISSING_SEGMENT if whole.missing else None


def _mend(whole: Whole, now: datetime) -> Event:
    """Write a part into a message that was stored without it; its URL has been told already."""
    Message.objects.filter(id=_id(whole)).update(
        body=whole.body, error_code=_error(whole), date_updated=now
    )
    left = f"still missing: {_listed(whole.missing)}" if whole.missing else "nothing is missing now"
    return Event(message_id=_id(whole), at=now, kind=Event.Kind.PART_LATE, raw=left)


def _id(whole: Whole) -> int:
    assert whole.message  # noqa: S101  # every whole is stored by now
    return whole.message.pk


def _events(whole: Whole, owned: _Numbers, now: datetime) -> list[Event]:
    kinds = Event.Kind
    told = [(kinds.REMARK, whole.remark)] if whole.remark else []
    if whole.missing:
        told.append((kinds.PART_MISSING, f"{_listed(whole.missing)} of {whole.parts}"))
    if (number := owned.get(numbers.key(whole.recipient))) is None:
        told.append((kinds.UNROUTED, "11005 destination not hosted"))
    elif reason := _untold(number):
        told.append((kinds.NOT_TOLD, reason))
    return [Event(message_id=_id(whole), at=now, kind=kind, raw=raw) for kind, raw in told]


def _untold(number: PhoneNumber) -> str:
    """Say why nobody is told of a message for a number; "" where its URL is called."""
    if not number.account.is_active:
        return "11005 the account is not active"
    if not number.sms_enabled:
        return "12003 the number is not SMS-enabled"
    if not number.sms_url:
        return "12003 no SMS URL for the number"
    fault = webhook.check_url(number.sms_url)
    return f"11100 invalid SMS URL: {fault}" if fault else ""


def _hook(whole: Whole, owned: _Numbers) -> Hook | None:
    """Write down whom a message is told; None where it is told nobody."""
    number = owned.get(numbers.key(whole.recipient))
    if number is None or _untold(number):
        return None
    return Hook(
        message=whole.message,
        url=number.sms_url,
        method=number.sms_method,
        fallback_url=number.sms_fallback_url,
        fallback_method=number.sms_fallback_method,
        parameters=[list(pair) for pair in whole.headers],
    )


def _callback(hook: Hook) -> Callback:
    return Callback(
        message=hook.message,
        account_id=hook.message.account_id,
        event=Callback.Event.INBOUND,
        status=hook.message.status,
        error_code=hook.message.error_code,
        url=hook.url,
        method=hook.method,
        host=webhook.host_of(hook.url),
        spare_host=webhook.host_if_usable(hook.fallback_url),
        due_at=Now(),  # by the database's clock, as it is claimed
    )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
