"""The operators' pages: doors that show rows and call verbs.

message.py   messages and their timelines
link.py      links and their live state
route.py     which link carries which messages
binding.py   SIP clients that are registered
block.py     recipients that nothing is sent to
optout.py    people who wrote STOP
callback.py  callbacks that are owed, done and failed
"""

from sms.admin import binding, block, callback, link, message, optout, route

__all__ = ["binding", "block", "callback", "link", "message", "optout", "route"]
