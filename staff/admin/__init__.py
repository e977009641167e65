"""The pages of staff: who they are, what they may, what they did, how they came in.

users.py     users of the admin
groups.py    groups and their rights
entries.py   the audit log
logins.py    log-ins, and wrong passwords
asking.py    a page for questions: what will happen, a form, and a button
"""

from staff.admin import entries, groups, logins, users

__all__ = ["entries", "groups", "logins", "users"]
