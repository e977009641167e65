"""Accounts, their numbers and their SIP clients.

account.py    Account
allowance.py  Allowance: how much of a limit an account has used
number.py     PhoneNumber
client.py     Client: a softphone or browser
fields.py     SidField, UrlField; columns that are derived from others
"""

from accounts.models.account import LEVELS, Account
from accounts.models.allowance import Allowance
from accounts.models.client import HASHES_OF_PASSWORD, Client
from accounts.models.fields import SidField, UrlField
from accounts.models.number import PhoneNumber

__all__ = [
    "HASHES_OF_PASSWORD",
    "LEVELS",
    "Account",
    "Allowance",
    "Client",
    "PhoneNumber",
    "SidField",
    "UrlField",
]
