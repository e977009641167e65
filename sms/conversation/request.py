"""What an application is told of an inbound message, in RestComm's names and in Twilio's."""

import hashlib
from collections.abc import Sequence

from sms.lifecycle import Status
from sms.models import Hook
from sms.notify import Fields
from sms.outbox import ClaimedCallback

API_VERSION = "2012-04-24"


def fields(callbacks: Sequence[ClaimedCallback]) -> dict[int, Fields]:
    """Make the parameters. Source: sms-api 7.2, 7.3."""
    hooks = Hook.objects.select_related("message__account", "reply").in_bulk(
        {callback.message_id for callback in callbacks}
    )
    return {
        callback.id: _fields(hooks[callback.message_id])
        for callback in callbacks
        if callback.message_id in hooks
    }


def _fields(hook: Hook) -> Fields:
    message, reply = hook.message, hook.reply
    sid = reply.sid if reply else message.sid
    code = message.error_code
    return (
        ("SmsSid", sid),
        ("AccountSid", message.account.sid),
        ("From", message.sender),
        ("To", message.recipient),
        ("Body", message.body),
        *((str(name), str(value)) for name, value in hook.parameters),
        ("MessageSid", sid),
        ("SmsMessageSid", sid),
        # The reply is new: what became of it by now is not what its action asks about.
        ("SmsStatus", Status.SENDING if reply else Status.RECEIVED),
        *((("ErrorCode", str(code)),) if code else ()),
        ("ApiVersion", API_VERSION),
        ("NumSegments", str(message.num_segments or 1)),
        ("NumMedia", "0"),
    )


def webhook_id(callback: ClaimedCallback, told: Fields) -> str:
    """Name a request by what it tells of, and by the URL it asks.

    Each document of a conversation has its own name: a receiver that drops what it has seen
    would otherwise never answer the one that its own answer led to.
    """
    document = hashlib.sha256(f"{callback.method} {callback.url}".encode()).hexdigest()[:8]
    return f"{told[0][1]}-{callback.event}-{document}"
