"""Set accounts up, change them, take them away: one verb for API, admin and commands.

refusals.py    Refused, Taken, Missing: why a verb did nothing
rows.py        checking, storing and holding rows
passwords.py   which passwords are good enough
accounts.py    create_account, update_account (a status goes down the tree)
clients.py     create_client, update_client, remove_client
tokens.py      rotate_token
numbers.py     add_number, update_number, remove_number
"""
