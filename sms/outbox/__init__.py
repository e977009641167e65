"""The queue in the database: claim, mark, record, release, renew. The only raw SQL.

engine.py      what PostgreSQL and SQLite spell differently
acceptance.py  a new message
messages.py    the queue of a link
callbacks.py   the queue of callbacks
counts.py      what processes count

Every statement moves a batch, is guarded by what it expects to find, and returns what
it won. Times are the database's: workers' clocks may differ, leases may not.
"""

from sms.outbox.acceptance import insert
from sms.outbox.callbacks import (
    BusyHost,
    ClaimedCallback,
    Posted,
    claim_callbacks,
    record_callbacks,
    release_callbacks,
)
from sms.outbox.counts import add_counts
from sms.outbox.messages import (
    Claimed,
    Deferral,
    Mark,
    Marked,
    Move,
    SegmentWrite,
    claim,
    mark,
    record,
    release,
    renew,
    resume,
)

LEASE_S = 30
"""How long a claim holds without a renewal; workers renew every 10 s."""

__all__ = [
    "LEASE_S",
    "BusyHost",
    "Claimed",
    "ClaimedCallback",
    "Deferral",
    "Mark",
    "Marked",
    "Move",
    "Posted",
    "SegmentWrite",
    "add_counts",
    "claim",
    "claim_callbacks",
    "insert",
    "mark",
    "record",
    "record_callbacks",
    "release",
    "release_callbacks",
    "renew",
    "resume",
]
