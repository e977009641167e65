"""Messages by the month, on PostgreSQL, for who wants it: a month that is over goes at once.

tables.py   which tables, and what refers to them
catalog.py  what the database says of its tables and of their parts
making.py   new parts, and the turn to a month that has come
dropping.py the end of a month, with all that belongs to it
convert.py  from plain tables to months
merge.py    and back
indexing.py an index for a table of either form, for migrations

By ranges of ids, not of dates. Everything in the queue is done by id, every child row names
its message by id, and the key of a partitioned table must hold what it is partitioned by: so
`id` stays the key alone, statements find the one part they need, the conflicts that they name
(`message_id, number`; `message_id, event`) are still seen, and a message and all that belongs
to it lie in parts with the same bounds. By date, the key would be (date, id), children would
need their message's date, and each statement of the queue would ask every month.

Ids get their months by the sequence: at its turn it is set forward to the first id of the
month (see sms/months.py). So all bounds are known years ahead, none is ever changed, and should
nobody turn it in time, messages go on into the part of the month before. Nothing is stored
by anybody's clock, and no insert can meet a month without a part.

What a partitioned table cannot have, and what stands in for it:

- Unique columns without the id. The sid, a message's one copy, and the ids of child rows are
  unique in each part. Sids hold 74 random bits beside their millisecond, ids come from a
  sequence, and `copies.insert` looks under a lock.
- Foreign keys to messages: each new row would be checked by way of all months, and each month
  that goes would be searched for in all tables. Rows are written in the transaction of their
  message, out of its row; a month goes with its children, and `dropping` sees to the others.

Models, migrations and everything above know nothing of it: names of tables, indexes and
constraints are the same in both forms.
"""

from sms.months import first_id, following, month_of
from sms.partitions.catalog import Part, is_partitioned, next_id, oldest_month, parts
from sms.partitions.convert import to_months
from sms.partitions.dropping import detach_part, remove_detached
from sms.partitions.making import make_month, turn_to
from sms.partitions.merge import to_plain
from sms.partitions.tables import MESSAGES, TABLES

__all__ = [
    "MESSAGES",
    "TABLES",
    "Part",
    "detach_part",
    "first_id",
    "following",
    "is_partitioned",
    "make_month",
    "month_of",
    "next_id",
    "oldest_month",
    "parts",
    "remove_detached",
    "to_months",
    "to_plain",
    "turn_to",
]
