"""Links to carriers: their settings, how they do, and orders to their workers.

page.py     the list, and the page of one link
form.py     the settings, by subject
words.py    what each setting is called and means, for who reads a carrier's data sheet
live.py     how links do at this moment, for people
orders.py   pause, drain, rebind and the like, with a question before what interrupts
trying.py   does the carrier let us in?
"""

from sms.admin.links import page

__all__ = ["page"]
