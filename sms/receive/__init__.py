"""Take in what peers report: receipts for what we sent, and messages for our numbers.

receipts.py  receipts, and those that came before the answer they belong to
inbound.py   messages that arrived: from a carrier, from a SIP client
parts.py     the parts of long ones, and segments that come twice
storing.py   their rows, in the accounts of their numbers

A report is committed here before its peer hears that we have it. Applying one twice
changes nothing, so peers may repeat themselves.
"""

from sms.receive.inbound import inbound, settle_arrivals
from sms.receive.receipts import join_parked, receipts, settle

__all__ = ["inbound", "join_parked", "receipts", "settle", "settle_arrivals"]
