"""The first page: how messages, links and callbacks do, refreshed every few seconds.

page.py    the page, and the part of it that refreshes
tiles.py   single numbers, each with a way to the list behind it
tables.py  links and errors
charts.py  what the script draws (static: sms/admin/dashboard.js)
lists.py   the lists that numbers lead to
words.py   numbers, shares and durations as people read them

Everybody sees what they have the right to see elsewhere, and nothing else.
"""

from sms.admin.dashboard import page

__all__ = ["page"]
