"""Replies of an application: messages like any other, made once however often it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from accounts import bounds, limits
from sms import wake
from sms.idempotency import KeyReused
from sms.lifecycle import Direction
from sms.models import Event, Hook, Message
from sms.rcml import Reply
from sms.submit import Draft, Rejected, submit

_FAULTS = {
    "To": "14101",
    "From": "14102",
    "Body": "14103",
    "StatusCallbackMethod": "14104",
}
"""RestComm's codes, by the parameter to blame. Source: sms-api 7.5."""
_FAULT = "14100"

MAX_REPLIES = 20
"""To one message, by all documents of its conversation. They are made in one transaction with
the answer that asks for them, which nobody else's may wait for; and each costs money."""


@dataclass(slots=True)
class Made:
    """What became of the replies of one document."""

    last: Message | None = None
    notes: list[str] = field(default_factory=list)
    is_cut_short: bool = False
    """Whether one could not be made; nothing after it counts then."""


def make_replies(hook: Hook, replies: Sequence[Reply]) -> Made:
    """Submit replies, up to the first that cannot be.

    Only inside a transaction. One that was made when the same document was asked before is
    not made again: it is known by the message, the document and its place in it.
    """
    made = Made()
    for place, reply in enumerate(replies, start=hook.replies + 1):
        if place > MAX_REPLIES:
            made.notes.append(f"{_FAULT} more than {MAX_REPLIES} replies")
            made.is_cut_short = True
            break
        try:
            with transaction.atomic():
                made.last = _submit(hook, reply, place)
        except Rejected as error:
            made.notes.append(f"{_FAULTS.get(error.parameter, _FAULT)} {error.message}")
        except limits.QuotaExceeded:
            made.notes.append(f"{_FAULT} the account has sent what it may send today")
        except KeyReused:
            # Another text than when it was asked before: the first one was sent.
            made.notes.append("another reply was made in this place already")
            continue
        else:
            continue
        made.is_cut_short = True
        break
    return made


def _submit(hook: Hook, reply: Reply, place: int) -> Message:
    incoming = hook.message
    message = submit(
        Draft(
            sender=reply.sender or incoming.recipient,
            recipient=reply.recipient or incoming.sender,
            body=reply.body,
            callback_url=reply.status_callback,
            callback_method=reply.status_callback_method,
        ),
        account_id=incoming.account_id,
        direction=Direction.OUTBOUND_REPLY,
        quotas=bounds.messages_of(incoming.account),
        idempotency_key=_key(hook, place),
    )
    Event.objects.get_or_create(message=incoming, kind=Event.Kind.REPLY, raw=message.sid)
    if message.link:
        transaction.on_commit(partial(wake.link, message.link.name))
    return message


def _key(hook: Hook, place: int) -> str:
    document = "fallback" if hook.is_fallback else "url"
    return f"inbound/{hook.message.sid}/{document}/{place}"
