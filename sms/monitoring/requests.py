"""Counting requests, and how long they take."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from sms import meters

_DOORS = {"admin": "admin", "static": "admin", "health": "monitoring", "metrics": "monitoring"}
_METHODS = {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}


class RequestMeter:
    """The outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request, and count it."""
        started = time.perf_counter()
        response = self._get_response(request)
        took_s = time.perf_counter() - started
        door = _DOORS.get(request.path_info[1:].partition("/")[0], "api")
        # Anybody may send any word as a method; a label may only have a few values.
        method = request.method if request.method in _METHODS else "other"
        meters.REQUESTS.count(door, method or "other", str(response.status_code))
        meters.REQUEST_TOOK.observe(took_s, door)
        return response
