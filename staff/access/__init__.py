"""How staff come in, and how long they stay.

address.py    where a request comes from, also behind proxies of ours
pages.py      middleware: ends old sessions, names who acts to the audit log
lockout.py    what is answered after too many wrong passwords
checks.py     system checks of the settings
"""
