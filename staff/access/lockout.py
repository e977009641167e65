"""What is answered after too many wrong passwords for a name from an address."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def answer(request: HttpRequest, credentials: dict[str, Any] | None = None) -> HttpResponse:
    """Say how long to wait, and whom to ask."""
    minutes = max(1, round(settings.AXES_COOLOFF_TIME.total_seconds() / 60))
    context = {**admin.site.each_context(request), "title": "Log in later", "minutes": minutes}
    return render(request, "staff/locked.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
