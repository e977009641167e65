"""What a message survives: faults under load, on PostgreSQL and RabbitMQ of our own.

faults.py    the table of faults
doing/       how each is done
scene.py     a platform under load with everything that can be hurt around it
servers.py   a PostgreSQL and a RabbitMQ that belong to nobody else
clocks.py    wall clocks that can be stepped, one for each process; clock.c, which they go by
customer.py  posts at a steady rate, again under its key until it is answered
carrier.py   an SMSC with bad manners                                          (a program)
receiver.py  takes callbacks, believes their signature's time, and may fail    (a program)
tally.py     what became of what was accepted

`make faults` runs them all and prints a table; `make faults ARGS=--short` the few that
stand for each kind; `ARGS="--only '^broker'"` those whose name a pattern fits.
"""
