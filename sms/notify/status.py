"""The status callback: its two events, as the API document has them."""

from collections.abc import Sequence

from sms.models import Callback, Message
from sms.notify.kinds import Fields, Kind, Kinds
from sms.outbox import ClaimedCallback


def fields(callbacks: Sequence[ClaimedCallback]) -> dict[int, Fields]:
    """Make the parameters. Source: API document, "Status Callback HTTP Parameters"."""
    ids = {callback.message_id for callback in callbacks}
    columns = ("id", "sid", "account__sid", "sender", "recipient", "body")
    messages = {row[0]: row[1:] for row in Message.objects.filter(id__in=ids).values_list(*columns)}
    return {
        callback.id: _fields(callback, *messages[callback.message_id]) for callback in callbacks
    }


def _fields(
    callback: ClaimedCallback, sid: str, account_sid: str, sender: str, recipient: str, body: str
) -> Fields:
    code = callback.error_code
    return (
        ("MessageSid", sid),
        ("MessageStatus", callback.status),
        *((("ErrorCode", str(code)),) if code else ()),
        ("AccountSid", account_sid),
        ("From", sender),
        ("To", recipient),
        ("Body", body),
    )


STATUS = Kind(fields)

STATUS_KINDS: Kinds = {Callback.Event.SENT: STATUS, Callback.Event.DELIVERY: STATUS}
