"""What a Celery worker does beside its tasks: it owns pumps, one for each of its queues.

step.py          the boot step that starts and stops them with the worker
pump.py          a thread with a database connection that looks, works, and looks again
link_pump.py     queue link.NAME: keeps one link open, sends, records, receives
line.py          one open link: its transport, its dispatcher, and what goes between them
load.py          how busy a link is, for its slot's row
inbox.py         what a link's transport hands in, from its own thread
notify_pump.py   queue notify: posts callbacks
sweep_pump.py    queue housekeeping: the sweep, and starts the tests of connections
trials.py        connects with a link's settings, once, and writes down what came of it
"""
