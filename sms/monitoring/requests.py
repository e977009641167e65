"""Counting requests, timing them, and a log line for each where LOG_REQUESTS says so."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from sms import meters

logger = logging.getLogger("cpaas.request")

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
        if settings.LOG_REQUESTS and door != "monitoring":
            _log(request, response, took_s)
        return response


def _log(request: HttpRequest, response: HttpResponse, took_s: float) -> None:
    """Write one line: by its route, since a path may hold a number, and a query most things."""
    match = request.resolver_match
    named = match.kwargs if match else {}
    answered = getattr(response, "data", None)
    made = answered.get("sid") if isinstance(answered, dict) else None
    fields = {
        "method": request.method,
        "route": _route(request),
        "status": response.status_code,
        "ms": round(took_s * 1000, 1),
        "account": named.get("account"),
        "sid": named.get("sid") or made,
    }
    words = [str(word) for word in fields.values() if word is not None]
    logger.info("%s", " ".join(words)[:500], extra={"fields": fields})


def _route(request: HttpRequest) -> str:
    """Name the route as people write it: the API's begins with a pattern of all its prefixes."""
    if request.resolver_match:
        return request.resolver_match.route.rpartition(")?/")[2].replace("<str:", "<")
    # Files never come as far as a route.
    return "static/" if request.path_info.startswith("/static/") else "unknown"
