"""The operators' pages: doors that show rows and call verbs.

message.py   messages and their timelines
link.py      links, their live state, and routes
callback.py  callbacks that are owed, done and failed
"""

from sms.admin import callback, link, message

__all__ = ["callback", "link", "message"]
