"""The pages of staff: who they are, what they may, what they did, how they came in.

users.py     users of the admin
groups.py    groups and their rights
entries.py   the audit log
logins.py    log-ins, and wrong passwords
asking.py    one page for every question: a form, what it will do, and a button
"""

from staff.admin import entries, groups, logins, users

__all__ = ["entries", "groups", "logins", "users"]
