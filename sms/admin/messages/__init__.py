"""Messages: how they are found, what became of them, and what operators do about it.

page.py        the admin's class: columns, the page of one, its doors
changelist.py  the list: a page of a listing, and the way to the next
listing.py     messages, newest first, along one index or another
search.py      what somebody means by what they type
filters.py     by what the list is narrowed
orders.py      sending again, cancelling, repeating callbacks: asked first, then done
export.py      the list as CSV, streamed
"""

from sms.admin.messages.page import MessageAdmin

__all__ = ["MessageAdmin"]
