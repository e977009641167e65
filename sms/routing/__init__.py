"""Which link carries a message.

    match -> candidates in their order -> the first that is well

table.py       matching and choosing; pure
explaining.py  every candidate, and what was decided about it; pure
conditions.py  how a link does, as far as choosing minds
reading.py     the table from the database, remembered for seconds

More specific wins. Of the routes that fit a message count those with the longest prefix of
the recipient; of these, those for exactly its account before those for all accounts; of
these, those for exactly its sender, then those for the longest beginning of it, then those
for all senders. What is left are the candidates, and no others: a link that fails is never
replaced by one of a less specific route.

Candidates of the lowest priority come first, and share the traffic by their weights: the sid
decides, so every process comes to the same order. A message goes to the first candidate
that is well and not too expensive. Where none is well it waits for the best of them:
a slow one, or else the first. Routes over a disabled link count as if they were not there.
"""

from sms.routing.conditions import Condition, Standing
from sms.routing.explaining import Candidate, Explanation, Fate, explain
from sms.routing.reading import choose, forget, fresh, now, table
from sms.routing.table import Choice, Table, Traits, Way, join_ids, split_ids

__all__ = [
    "Candidate",
    "Choice",
    "Condition",
    "Explanation",
    "Fate",
    "Standing",
    "Table",
    "Traits",
    "Way",
    "choose",
    "explain",
    "forget",
    "fresh",
    "join_ids",
    "now",
    "split_ids",
    "table",
]
