"""SMPP 3.4 towards a carrier's SMSC, from the octets up.

    octets <-> codec <-> session <-> connection <-> dialler <-> lines <-> link <-> base.Transport

codec/         PDUs and their octets; the only package that imports smpplib
session/       one session in either role: window, sequence numbers, timers; no I/O
connection.py  one TCP connection and the session on it
dialler.py     keeps one bound connection: dials, binds, waits, dials again
tls.py         whom a link trusts
lines.py       the connections of a link: one, or a transmitter and a receiver
link.py        the transport: takes segments, hands outcomes and reports back
outgoing.py    segments before they are written, and how many to take
alarms.py      warnings of one kind, no more than one a minute
message.py     between segments or reports and the PDUs that carry them
long_messages.py  in parts, by header or TLVs, or whole
alphabet.py    what the peer reads data_coding 0 as
user_data.py   a PDU's message as octets, and the part it is of a longer one
address.py     type of number and numbering plan, by the form of an address
receipts.py    delivery receipts, in every form that peers write them
status.py      command_status: what each means for a segment
settings.py    what a link is told: where, as whom, how fast, and when to try again
window.py      how much a link takes: its window, its rate, what the peer answers
"""
