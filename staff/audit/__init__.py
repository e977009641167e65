"""Who did what to which row, when, from where; what was there before, and after.

acting.py    who acts: set by pages, commands and the API
watched.py   the rows whose changes are recorded by themselves, and which columns are secret
entries.py   record() what is more, or other, than the change of one row

A row that is saved or deleted tells by itself; QuerySet.update() does not: call record().
Nothing that changes with every message is watched, so traffic pays nothing.
"""

from staff.audit.acting import Actor, acting
from staff.audit.entries import record, record_many
from staff.audit.watched import watch

__all__ = ["Actor", "acting", "record", "record_many", "watch"]
