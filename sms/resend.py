"""Send messages again: an operator's verb.

Each becomes a new message of the same account, which takes the way of any other: through
`submit`, by the routes, blocks and limits of now. The old one stays as it is, and each tells
of the other.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from accounts import bounds
from accounts.limits import QuotaExceeded
from sms import blocking
from sms.blocking import Passage
from sms.copies import AlreadyResent, Copy
from sms.lifecycle import Direction, Status
from sms.models import Message
from sms.submit import Draft, Rejected, submit
from sms.text import Encoding

MOST = 1000
"""How many may be asked for at once: some seconds of a web server's time."""

RESENDABLE: Final = frozenset({Status.FAILED, Status.UNDELIVERED, Status.SENT, Status.DELIVERED})

_ENCODINGS: Final[Mapping[str, str]] = {Encoding.UCS2: "UCS-2"}
"""How a draft asks for what would be chosen anew otherwise."""

Refusal = str


def resend(message: Message, *, by: str) -> Message | Refusal:
    """Send a message again; return the new one, or why there is none, in words."""
    if reason := refusals([message]).get(message.id):
        return reason
    draft = Draft(
        sender=message.sender,
        recipient=message.recipient,
        body=message.body,
        callback_url=message.callback_url,
        callback_method=message.callback_method or "POST",
        encoding=_ENCODINGS.get(Encoding(message.encoding), "") if message.encoding else "",
    )
    try:
        return submit(
            draft,
            account_id=message.account_id,
            direction=Direction(message.direction),
            quotas=bounds.messages_of(message.account),
            copy=Copy(message, by),
        )
    except Rejected as error:
        return error.message
    except QuotaExceeded as error:
        return str(error)
    except AlreadyResent:
        return _already(message)


def refusals(messages: Iterable[Message]) -> dict[int, Refusal]:
    """Say which of these cannot be sent again, and why, as far as it can be known before."""
    asked = {message.id: message for message in messages}
    copies = dict(
        Message.objects.filter(resent_from__in=list(asked)).values_list("resent_from", "sid")
    )
    blocked = blocking.refusals(map(_passage, asked.values()))
    told = {
        id_: _refusal(message, copies.get(id_, ""), blocked.get(_passage(message), ""))
        for id_, message in asked.items()
    }
    return {id_: why for id_, why in told.items() if why}


def _refusal(message: Message, copy_sid: str, blocked: str) -> Refusal:
    # The first that holds is said; none of them is a matter of another's.
    reasons = (
        (message.direction == Direction.INBOUND, "it came in; only what went out is sent again"),
        (message.status not in RESENDABLE, "it is still on its way"),
        (not message.account.is_active, f"its account is {message.account.status}"),
        (bool(copy_sid), f"it was sent again already, as {copy_sid}"),
        (not message.body, "its text is no longer kept"),
        (bool(blocked), blocked),
    )
    return next((why for holds, why in reasons if holds), "")


def _already(message: Message) -> Refusal:
    sid = Message.objects.filter(resent_from=message.id).values_list("sid", flat=True).first()
    return f"it was sent again already, as {sid}"


def _passage(message: Message) -> Passage:
    return Passage(message.account_id, message.sender, message.recipient)
