"""One SMPP session, in either role, without I/O: octets and the time in, events out.

session.py   the session: hears, and does what is due
speaking.py  its other half: requests, answers, octets to write
rules.py     who may send what, and how long it may take
events.py    what a session tells its owner
framing.py   from a stream of octets to whole PDUs
requests.py  our open requests, by sequence number

The owner feeds `receive_data` and `tick`, writes what `data_to_send` returns after
each call, and calls `tick` again at `next_deadline`. Every `now` is in seconds of one
monotonic clock. A session answers enquire_link and unbind by itself; everything else
that the peer asks comes out as an event and waits for `answer` or `refuse`.
"""

from sms.transports.smpp.session.events import (
    BINDS,
    Answered,
    BindRefused,
    BindRequested,
    Bound,
    Event,
    LateResponse,
    MalformedReceived,
    Mode,
    PeerAlive,
    PeerUnbinds,
    RequestReceived,
    Role,
    SessionOver,
    State,
    Unanswered,
    UnexpectedResponse,
)
from sms.transports.smpp.session.requests import OpenRequest
from sms.transports.smpp.session.rules import Timers
from sms.transports.smpp.session.session import Session
from sms.transports.smpp.session.speaking import WindowFull, WrongState

__all__ = [
    "BINDS",
    "Answered",
    "BindRefused",
    "BindRequested",
    "Bound",
    "Event",
    "LateResponse",
    "MalformedReceived",
    "Mode",
    "OpenRequest",
    "PeerAlive",
    "PeerUnbinds",
    "RequestReceived",
    "Role",
    "Session",
    "SessionOver",
    "State",
    "Timers",
    "Unanswered",
    "UnexpectedResponse",
    "WindowFull",
    "WrongState",
]
