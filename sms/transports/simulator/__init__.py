"""What people try the platform with before a carrier is there.

    ESME <-> connection <-> smsc <- control, knobs
                              |
       intake, behaviour, deliveries, outgoing, mailbox, state

smsc.py        the message centre: binds, submits, receipts, messages from handsets
intake.py      what is decided about each message that comes in
connection.py  one TCP connection on the SMPP session code, in its SMSC role
behaviour.py   what becomes of a message, by the last digits of its destination
deliveries.py  receipts as PDUs
handset.py     messages from handsets as PDUs, in parts, and spoilt
outgoing.py    what ESMEs are owed: now, when it is due, or when the first of them binds
mailbox.py     what an ESME has not acknowledged yet; it survives the connection
state.py       the file by which what is owed survives the simulator
stats.py       what is counted
knobs.py       what can be turned while it runs
control.py     the HTTP port that turns them
receiver.py    the receiver of callbacks
"""
