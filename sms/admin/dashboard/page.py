"""The page, and the part of it that its script asks for again."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sms.admin.dashboard import charts, lists, tables, tiles
from sms.models import Link
from sms.statistics import live, reading
from sms.statistics.reading import PERIODS, Period, Traffic

REFRESH_S = 10

admin.site.index_template = "sms/admin/dashboard/index.html"


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to what the first page knows; Unfold calls it (UNFOLD, DASHBOARD_CALLBACK)."""
    refreshed = {
        "title": "Dashboard",
        "refresh_s": REFRESH_S,
        "dashboard_url": reverse("dashboard"),
    }
    return {**context, **refreshed, **_shown(request)}


@require_safe
@never_cache
def refreshed(request: HttpRequest) -> HttpResponse:
    """Show what refreshes, without the page round it."""
    return render(request, "sms/admin/dashboard/now.html", _shown(request))


def _shown(request: HttpRequest) -> dict[str, Any]:
    period = PERIODS.get(request.GET.get("period", ""), PERIODS["hour"])
    now = timezone.now()
    may = {
        name: request.user.has_perm(f"sms.view_{name}")
        for name in ("message", "link", "callback", "callbackhost", "binding")
    }
    shown: dict[str, Any] = {
        "now": now,
        "period": period,
        "periods": PERIODS.values(),
        "tiles": [],
        "sees_nothing": not any(may.values()),
    }
    queues = live.queues() if may["link"] else []
    if may["message"]:
        traffic = reading.read(period, now)
        shown |= _traffic(period, now, traffic)
        if may["link"]:
            shown["links"] = list(tables.of_links(period, now, traffic, queues))
    if may["link"]:
        shown["tiles"] += tiles.of_queues(queues)
    if may["callback"] and may["callbackhost"]:
        shown["tiles"] += tiles.of_callbacks()
    if may["binding"]:
        shown["tiles"] += tiles.of_clients()
    return shown


def _traffic(period: Period, now: datetime, traffic: Traffic) -> dict[str, Any]:
    names = dict(Link.objects.values_list("id", "name"))
    return {
        "traffic": traffic,
        "tiles": list(tiles.of_traffic(period, now, traffic)),
        "errors": tables.of_errors(period, now, traffic.errors),
        "charts": charts.drawn(period, traffic, names, lists.all_messages()),
    }


urlpatterns: list[URLPattern] = [
    path("", admin.site.admin_view(refreshed), name="dashboard"),
]
