"""How fast the list is at scale: fill a database, ask the server for pages, time them.

fill.py      millions of messages in marked accounts, and their removal
cases.py     the table of pages that are asked for
measure.py   one page through the whole server, and percentiles of many

`manage.py bench_list` is its door.
"""
