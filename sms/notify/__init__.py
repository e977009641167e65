"""Tell accounts' URLs what became of their messages: in order, at least once, signed.

    kinds.py     what differs between the kinds of callbacks
    status.py    the status callback
    verdict.py   what follows from an answer
    signing.py   accounts' secrets, opened one by one
    circuits.py  hosts that fail
    repeat.py    callbacks made again because somebody asks for it
    notifier.py  the callbacks that one worker has in its hands

Who posts them, and waits, is the worker.
"""

from sms.notify.kinds import Fields, Kind, Kinds
from sms.notify.notifier import PER_HOST, Notifier
from sms.notify.repeat import at_host, repeat
from sms.notify.status import STATUS, STATUS_KINDS
from sms.notify.verdict import Verdict, by_status, done, elsewhere, failed, later, retry_in_s

__all__ = [
    "PER_HOST",
    "STATUS",
    "STATUS_KINDS",
    "Fields",
    "Kind",
    "Kinds",
    "Notifier",
    "Verdict",
    "at_host",
    "by_status",
    "done",
    "elsewhere",
    "failed",
    "later",
    "repeat",
    "retry_in_s",
]
