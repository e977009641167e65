"""What a message survives: faults under load, on PostgreSQL and RabbitMQ of our own.

faults.py    the table of faults, and how each is done
scene.py     a platform under load with everything that can be hurt around it
servers.py   a PostgreSQL and a RabbitMQ that belong to nobody else
customer.py  posts at a steady rate, again under its key until it is answered
tally.py     what became of what was accepted

`make faults` runs them all and prints a table; `make faults ARGS=--short` a few.
"""
