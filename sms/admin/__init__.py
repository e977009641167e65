"""The operators' pages: doors that show rows and call verbs.

dashboard/   the first page
messages/    messages and their timelines; sending again, cancelling, exporting
callbacks/   callbacks that are owed, done and failed
links/       links, their live state, orders to them
routes/      which link carries which messages; try a number
binding.py   SIP clients that are registered
block.py     recipients that nothing is sent to
optout.py    people who wrote STOP
readonly.py  pages of rows that only the platform writes
uncounted.py lists that are read a page at a time, and never counted
words.py     statuses, accounts and ages as pages of messages and callbacks show them
"""

from sms.admin import binding, block, callbacks, dashboard, links, messages, optout, routes

__all__ = ["binding", "block", "callbacks", "dashboard", "links", "messages", "optout", "routes"]
