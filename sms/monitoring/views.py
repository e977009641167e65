"""Health: 200 where all is well, 503 where it is not, with a word on why. And metrics."""

from collections.abc import Mapping
from functools import wraps

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from sms.monitoring import health, metrics
from sms.monitoring.access import View, guarded


def asks_database(view: View) -> View:
    """Answer 503 while the database is away; one that came back is asked once more.

    The connection of each thread breaks with the database, and only asking tells.
    """

    @wraps(view)
    def ask(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        for _ in range(2):
            try:
                return view(request, *args, **kwargs)
            except (OperationalError, InterfaceError):
                connection.close()
        return _answer({"status": "unavailable", "database": "away"}, is_well=False)

    return ask


def live(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """Say whether this process should be sent requests."""
    found = health.readiness()
    return _answer(found.plain(), is_well=found.is_ready)


@guarded
@asks_database
def links(request: HttpRequest) -> HttpResponse:
    """Show every link; 503 while an enabled one is down."""
    found = health.links()
    is_well = all(link.is_well for link in found)
    status = "ok" if is_well else "degraded"
    return _answer({"status": status, "links": [link.plain() for link in found]}, is_well=is_well)


@guarded
@asks_database
def link(request: HttpRequest, name: str) -> HttpResponse:
    """Show one link."""
    found = health.links(name)
    if not found:
        return JsonResponse({"error": "There is no link of this name."}, status=404)
    return _answer(found[0].plain(), is_well=found[0].is_well)


@guarded
@asks_database
def prometheus(request: HttpRequest) -> HttpResponse:
    """Show all metrics."""
    content, content_type = metrics.exposition(request.META.get("HTTP_ACCEPT", ""))
    return HttpResponse(content, content_type=content_type)


def _answer(content: Mapping[str, object], *, is_well: bool) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    answer = JsonResponse(dict(content), status=200 if is_well else 503, headers=headers)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # or Django calls it our error
    return answer
