"""The project: settings, URLs, and the Celery application. No rules of its own.

settings.py     Django's settings: every knob is an environment variable
env.py          reading these from the environment, from files, and from a running instance
urls.py         the doors on HTTP
resolving.py    finding a path's view once, and remembering it
middleware.py   Django's middleware for pages, stepping aside for the API
pages.py        what the admin's pages are made of
appearance.py   how the admin looks: name, colours, side bar
crumbs.py       where a page stands, as the side bar calls it
formats/        how dates and times are written, by language
wsgi.py         what the web server loads
warmth.py       what a process of the web server does before its first request
celery.py       the Celery application
heartbeat.py    how a worker says that it works
health.py       asking a process of this host whether it does
logs.py         how log lines look
"""

from cpaas.celery import app as celery_app

__all__ = ["celery_app"]
