"""The queue in the database: claim, mark, record, release, renew. The only raw SQL.

engine.py      what PostgreSQL and SQLite spell differently
acceptance.py  a new message
messages.py    the queue of a link
transfers.py   from one queue to another, and how long a queue is
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
from sms.outbox.transfers import Transfer, depth, oldest_due_s, transfer

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
    "Transfer",
    "add_counts",
    "claim",
    "claim_callbacks",
    "depth",
    "insert",
    "mark",
    "oldest_due_s",
    "record",
    "record_callbacks",
    "release",
    "release_callbacks",
    "renew",
    "resume",
    "transfer",
]
