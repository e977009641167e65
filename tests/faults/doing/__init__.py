"""How each fault is done: functions that take the scene and return once it is over.

processes.py  the platform's own, killed, frozen, doubled and restarted
database.py   PostgreSQL and its disk
broker.py     RabbitMQ
carrier.py    the SMSC and the line to it
receiver.py   the customer's URL
clocks.py     the wall clock of one process
"""
