"""The rows of the platform: the message and its segments are the truth and the queue.

message.py      Message, Segment
link.py         Link to a carrier
slot.py         Slot: one bind of a link, owned by one worker
route.py        Route: prefix, account, sender -> link
failover.py     Health of a link: its circuit and its backlog
block.py        Block: a recipient, or a prefix, that nothing is sent to
optout.py       OptOut: who wants no more messages; KeywordReply: what they are told
receipt.py      ParkedReceipt: came before its segment's answer was recorded
arrival.py      Arrival: the parts of an inbound message, and what came just now
connection_test.py ConnectionTest: a try to connect, and what came of it
concatenation.py Concatenation: the long messages of a recipient, counted
count.py        Count: what all processes have counted together
tally.py        Stretch, Tally, Delay: how many messages came to what, and how fast
callback.py     Callback: one event an account's URL is owed; its attempts; hosts that fail
binding.py      Binding: where a SIP client can be reached
event.py        Event: what the other rows do not say about a message
hook.py         Hook: whom an inbound message is told, and how far that is
idempotency.py  IdempotencyKey: which request became which message
retention.py    Retention: how far what is old is deleted
choices.py      choices and constraints from the enums of the pure rooms
smpp_rules.py   what the columns of an SMPP link may hold
"""

from sms.models.arrival import Arrival
from sms.models.binding import Binding
from sms.models.block import Block
from sms.models.callback import Callback, CallbackAttempt, CallbackHost
from sms.models.concatenation import Concatenation
from sms.models.connection_test import ConnectionTest
from sms.models.count import Count
from sms.models.event import Event
from sms.models.failover import Health
from sms.models.hook import Hook
from sms.models.idempotency import IdempotencyKey
from sms.models.link import Link
from sms.models.message import Message, Segment
from sms.models.optout import KeywordReply, OptOut
from sms.models.receipt import ParkedReceipt
from sms.models.retention import Retention
from sms.models.route import Route
from sms.models.slot import Slot
from sms.models.tally import Delay, Stretch, Tally

__all__ = [
    "Arrival",
    "Binding",
    "Block",
    "Callback",
    "CallbackAttempt",
    "CallbackHost",
    "Concatenation",
    "ConnectionTest",
    "Count",
    "Delay",
    "Event",
    "Health",
    "Hook",
    "IdempotencyKey",
    "KeywordReply",
    "Link",
    "Message",
    "OptOut",
    "ParkedReceipt",
    "Retention",
    "Route",
    "Segment",
    "Slot",
    "Stretch",
    "Tally",
]
