"""What the dashboard shows: how many messages came to what, how fast, and where things stand.

counting.py  counts messages into rows for minutes (Tally, Delay)
stretches.py which messages are counted next: ranges of ids, looked at as long as they change
rolling.py   adds minutes up to ten minutes and hours, and forgets what is too old
reading.py   what was counted in the last hour, day or week
delays.py    bounds of durations, and percentiles of what was counted between them
live.py      where links, queues, callbacks and clients stand this moment

A message counts for the minute in which it was accepted, with the status it has by now. So
nothing is written while messages are under way, and a count is right whatever crashed: it is
made anew from the messages, by ranges of the primary key, and takes the place of the one before.
"""

from sms.statistics.counting import count_messages
from sms.statistics.rolling import roll_up
from sms.statistics.stretches import LONGEST

__all__ = ["LONGEST", "count_messages", "roll_up"]
