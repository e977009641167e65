"""Which link carries which messages, and which one a number would take now.

page.py     the list, as routing reads it, and the form
trying.py   a page that says where a message would go, and why
"""

from sms.admin.routes import page

__all__ = ["page"]
