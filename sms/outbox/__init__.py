"""The queue in the database: claim, mark, record, release, renew. The only raw SQL of rows.

engine.py      what PostgreSQL and SQLite spell differently
acceptance.py  a new message
company.py     group commit, of what threads bring at once
messages.py    the queue of a link: claim, mark, renew, release
outcomes.py    what becomes of messages, recorded in batches
references.py  what joins the parts of long messages
transfers.py   from one queue to another, and how long a queue is
callbacks.py   the queue of callbacks
counts.py      what processes count
tallies.py     how many messages came to what
hosts.py       the hosts of callbacks, and which of them fail

Every statement moves a batch, is guarded by what it expects to find, and returns what
it won. Times are the database's: workers' clocks may differ, leases may not.
"""

from sms.outbox.acceptance import insert, insert_again, make
from sms.outbox.callbacks import (
    ClaimedCallback,
    Posted,
    Room,
    claim_callbacks,
    give_up_callbacks,
    prune_attempts,
    record_callbacks,
    release_callbacks,
    reorder_callbacks,
)
from sms.outbox.counts import add_counts
from sms.outbox.engine import now
from sms.outbox.hosts import (
    HOSTS_AT_ONCE,
    HostFailures,
    HostState,
    Probe,
    count_failures,
    forgive_hosts,
    postpone_probes,
    probe_now,
    survey_hosts,
    take_probes,
)
from sms.outbox.messages import Claimed, Mark, Marked, claim, mark, release, renew
from sms.outbox.outcomes import Deferral, Move, Recorded, SegmentWrite, record
from sms.outbox.references import refer
from sms.outbox.tallies import Counted, count_messages
from sms.outbox.transfers import Transfer, depth, oldest_due_s, transfer

LEASE_S = 30
"""How long a claim holds without a renewal; workers renew every 10 s."""

__all__ = [
    "HOSTS_AT_ONCE",
    "LEASE_S",
    "Claimed",
    "ClaimedCallback",
    "Counted",
    "Deferral",
    "HostFailures",
    "HostState",
    "Mark",
    "Marked",
    "Move",
    "Posted",
    "Probe",
    "Recorded",
    "Room",
    "SegmentWrite",
    "Transfer",
    "add_counts",
    "claim",
    "claim_callbacks",
    "count_failures",
    "count_messages",
    "depth",
    "forgive_hosts",
    "give_up_callbacks",
    "insert",
    "insert_again",
    "make",
    "mark",
    "now",
    "oldest_due_s",
    "postpone_probes",
    "probe_now",
    "prune_attempts",
    "record",
    "record_callbacks",
    "refer",
    "release",
    "release_callbacks",
    "renew",
    "reorder_callbacks",
    "survey_hosts",
    "take_probes",
    "transfer",
]
