"""How fast messages go through: a platform of its own, a customer, a carrier, a receiver.

    customer --HTTP--> platform --SMPP--> carrier --receipts--> platform --HTTP--> receiver

runs.py       the table of what is measured, and one measured run
platform.py   the platform under test: started, set up, weighed and ended
engines.py    the databases and brokers it is measured on, and what each guarantees
weight.py     CPU seconds and memory of process trees
program.py    a measuring program as a process of its own, and orders to it
customer.py   posts messages over many connections     (a program)
carrier.py    an SMSC that takes all it is given       (a program)
receiver.py   takes callbacks and remembers their order (a program)
table.py      results as people read them

The three programs speak just enough of their protocols, without a library: on two cores
whatever they take is taken from the platform. `manage.py bench` is the door.
"""
