"""Talk with the application of a number about a message that came in for it.

    request.py  what it is told
    answers.py  what follows from its answer: replies, another URL, a later try
    replies.py  replies, each made once
    detour.py   the fallback URL at once, where a host is known not to answer

One more kind of callback: claiming, signing, posting, retrying and logging are `sms.notify`'s.
"""

from sms.conversation.answers import decide
from sms.conversation.detour import detour
from sms.conversation.request import fields, webhook_id
from sms.models import Callback
from sms.notify import Kind, Kinds
from sms.rcml import MAX_BYTES

INBOUND_KINDS: Kinds = {
    Callback.Event.INBOUND: Kind(
        fields, decide, body_bytes=MAX_BYTES, webhook_id=webhook_id, detour=detour
    )
}

__all__ = ["INBOUND_KINDS"]
