"""Callbacks: what accounts' URLs were told, what they are still owed, and hosts that fail.

page.py        callbacks, the page of one, and having them repeated
hosts.py       hosts that fail now
changelist.py  the list, by key and within a time
"""

from sms.admin.callbacks.hosts import CallbackHostAdmin
from sms.admin.callbacks.page import CallbackAdmin

__all__ = ["CallbackAdmin", "CallbackHostAdmin"]
