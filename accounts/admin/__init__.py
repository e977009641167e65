"""Accounts, numbers and clients in the admin: forms whose changes go through the verbs.

verbs.py     what all pages share: a verb's refusal is shown, nothing is half done
words.py     accounts as lists of other things name them
account.py   accounts: their page, their list as a tree
orders.py    suspend, resume, close, and a new token, each behind a question
number.py    numbers
client.py    SIP clients, whose passwords are typed and never shown
"""

from accounts.admin import account, client, number

__all__ = ["account", "client", "number"]
