"""The WSGI application that the web server loads."""

import gc
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.core.cache import close_caches
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, reset_queries
from django.http import HttpResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cpaas.settings")


GARBAGE = 10_000
"""Objects that wait for the collector: some hundred requests', a megabyte or two."""


class ApiHandler(WSGIHandler):
    """Answers programs, who have no sessions and see no pages.

    Nine layers of middleware that step aside take a tenth of an accepted POST.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """Load what concerns every request, and nothing else."""
        all_of_it, settings.MIDDLEWARE = settings.MIDDLEWARE, settings.API_MIDDLEWARE
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = all_of_it


class Body:
    """A request's body, which can be let go.

    A request of DRF's and its view hold each other until the garbage collector comes by. With
    them a body that nobody read would stay, and Granian does not close its connection before.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, *size: int) -> bytes:
        """Read octets."""
        return bytes(self._stream.read(*size))

    def readline(self, *size: int) -> bytes:
        """Read a line."""
        return bytes(self._stream.readline(*size))

    def let_go(self) -> None:
        """Have nothing more to read."""
        self._stream = BytesIO()


_pages = get_wsgi_application()
_api = ApiHandler()
PAGES: tuple[str, ...] = import_module("cpaas.middleware").PAGES  # loads apps, so not before
import_module("sms.monitoring.recorder").start()
import_module("cpaas.warmth").warm_up()

# What a failed request leaves behind is closed at its end, and not looked for once more before
# the next one; caches in memory have nothing to close. Each costs as much as routing a message.
request_started.disconnect(close_old_connections)
request_finished.disconnect(close_caches)
if not settings.DEBUG:  # nothing is logged that would be reset
    request_started.disconnect(reset_queries)

# A request leaves some dozen objects to the collector, which by its own measure comes by after
# ten requests and walks all modules now and then: a twentieth of an accepted POST.
gc.freeze()
gc.set_threshold(GARBAGE)

# A thread that is woken shall wait for its turn, not push off whom it will need next: another
# one of this process, which holds the interpreter's lock, or the database. Threads inherit it.
if hasattr(os, "SCHED_BATCH"):  # Linux
    with suppress(OSError):  # a container may forbid it; it only costs switches
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request; a whole answer as a list, which Granian sends without iterating it."""
    handler = _pages if environ["PATH_INFO"].startswith(PAGES) else _api
    body = environ["wsgi.input"] = Body(environ["wsgi.input"])
    try:
        response = handler(environ, start_response)
    finally:
        body.let_go()
    if not isinstance(response, HttpResponse):  # a stream: the server iterates and closes it
        return response
    response.close()
    return [response.content]
