"""What operators do with messages: asked first, then done."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib import messages as notes
from django.db.models import Q
from django.http import HttpRequest

from sms import notify
from sms.cancel import cancel
from sms.cancel import refusals as not_cancelled
from sms.lifecycle import Direction
from sms.models import Callback, Message
from sms.resend import MOST, resend
from sms.resend import refusals as not_resent

_ALL: Final = Q()

Why = Mapping[int, str]
"""Why not, by a message's id."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an order."""

    done: int
    kept: Why
    copy: Message | None = None
    """The new message, where one was sent again."""


@dataclass(frozen=True, slots=True)
class Order:
    """One thing that can be done with messages."""

    name: str
    permission: str
    label: str
    icon: str
    done: str
    """What was done, for whoever asked for it."""
    hint: str
    """What to know before."""
    refusals: Callable[[Sequence[Message]], Why]
    give: Callable[[Sequence[Message], str], Outcome]
    candidates: Q = _ALL
    """Of all that match a filter, those that are worth asking for."""


def _resend(messages: Sequence[Message], by: str) -> Outcome:
    told = {message.id: resend(message, by=by) for message in messages}
    copies = [answer for answer in told.values() if isinstance(answer, Message)]
    kept = {id_: answer for id_, answer in told.items() if isinstance(answer, str)}
    return Outcome(len(copies), kept, copies[0] if len(messages) == len(copies) == 1 else None)


def _cancel(messages: Sequence[Message], by: str) -> Outcome:
    kept = cancel([message.id for message in messages], by=by)
    return Outcome(len(messages) - len(kept), kept)


def _has_no_callbacks(messages: Sequence[Message]) -> Why:
    callbacks = Callback.objects.filter(message__in=messages)
    with_some = set(callbacks.values_list("message", flat=True))
    return {m.id: "it has no callbacks" for m in messages if m.id not in with_some}


def _repeat(messages: Sequence[Message], by: str) -> Outcome:
    kept = _has_no_callbacks(messages)
    notify.repeat(Callback.objects.filter(message__in=messages), by=by)
    return Outcome(len(messages) - len(kept), kept)


ORDERS: Final[Mapping[str, Order]] = {
    order.name: order
    for order in (
        Order(
            "resend",
            "sms.resend_message",
            "Send again",
            "replay",
            "sent again",
            "Each becomes a new message of the same account, with a sid and callbacks of its own, "
            "and takes the way that routes, blocks, opt-outs and limits of now give it. The old "
            "one stays as it is. A message that failed with 30090 may have reached its recipient.",
            not_resent,
            _resend,
            Q(copies=None) & ~Q(direction=Direction.INBOUND),
        ),
        Order(
            "cancel",
            "sms.cancel_message",
            "Cancel",
            "block",
            "cancelled",
            "Only what waits in a queue is cancelled: it fails with 30004, and its account is "
            "told as of any failure. What a carrier may have already stays as it is.",
            not_cancelled,
            _cancel,
            Q(due_at__isnull=False, locked_until__isnull=True),
        ),
        Order(
            "repeat",
            "sms.repeat_callback",
            "Repeat callbacks",
            "webhook",
            "given their callbacks again",
            "Every callback of these messages is made once more, also those that were taken. "
            "They keep their webhook-id, by which a receiver knows them again.",
            _has_no_callbacks,
            _repeat,
        ),
    )
}


def carry_out(request: HttpRequest, order: Order, messages: Sequence[Message]) -> Outcome:
    """Give an order, and tell the operator what came of it."""
    outcome = order.give(messages, request.user.get_username())
    if outcome.done:
        notes.success(request, f"{_count(outcome.done)} {order.done}.")
    if outcome.kept:
        reasons = "; ".join(f"{n}: {why}" for n, why in summary(outcome.kept))
        notes.warning(request, f"{_count(len(outcome.kept))} not {order.done}. {reasons}.")
    return outcome


def summary(kept: Why) -> list[tuple[int, str]]:
    """Count reasons, the commonest first."""
    return [(count, why) for why, count in Counter(kept.values()).most_common(8)]


def _count(number: int) -> str:
    return "1 message was" if number == 1 else f"{number:,} messages were"


__all__ = ["MOST", "ORDERS", "Order", "Outcome", "carry_out", "summary"]
