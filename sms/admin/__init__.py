"""The operators' pages: doors that show rows and call verbs.

dashboard/   the first page
messages/    messages and their timelines; sending again, cancelling, exporting
callbacks/   callbacks that are owed, done and failed
link.py      links and their live state
route.py     which link carries which messages
binding.py   SIP clients that are registered
block.py     recipients that nothing is sent to
optout.py    people who wrote STOP
"""

from sms.admin import binding, block, callbacks, dashboard, link, messages, optout, route

__all__ = ["binding", "block", "callbacks", "dashboard", "link", "messages", "optout", "route"]
