"""Who uses the platform: accounts, their numbers and SIP clients, and how they log in.

sids.py             AC…, PN…, CL…, SM…: names that sort by time
secrets.py          encryption at rest, look-up digests
numbers.py          comparing senders and recipients by digits
models/             Account, PhoneNumber, Client
unrouted.py         the account for what belongs to nobody
authentication.py   HTTP Basic for the API
access.py           whose things a caller may touch
bounds.py           limits that hold for an account: its own, and those above
limits.py           requests a second, messages a day
changes.py          the mark that tells all processes of a host of a change
memory.py           what a process remembers of an account, and when it forgets
provisioning/       create, change and remove: the verbs of API, admin and commands
admin/              accounts, numbers and clients in the admin
management/         commands, and what those for scripts share

Never imports `sms`.
"""
