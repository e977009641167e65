"""SIP clients, as the rest of the platform knows them.

whereabouts.py  to which edge a message for a client goes
directory.py    what an edge asks and keeps: its `office.Office`, over the database
rows.py         between bindings and their rows
"""
