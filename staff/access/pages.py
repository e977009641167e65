"""Middleware of the admin's pages: sessions end, and the audit log knows who acts."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase

from cpaas.middleware import PAGES
from staff import audit
from staff.access.address import client_address

BEGAN, SEEN = "began", "seen"
NOTED_EVERY_S = 60
"""How exactly it is known when somebody was here last: each note is a write."""


class StaffMiddleware:
    """Stands behind the log-in and the messages, whose work it needs; steps aside for the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a page."""
        if not request.path_info.startswith(PAGES):
            return self.get_response(request)
        if request.user.is_authenticated:
            end_or_continue(request, int(time.time()))
        with audit.acting(lambda: _actor(request)):
            return self.get_response(request)


def end_or_continue(request: HttpRequest, now: int) -> None:
    """Log somebody out whose session is too old, or unused for too long."""
    session = request.session
    if BEGAN not in session:
        session[BEGAN] = session[SEEN] = now
    if now - session[BEGAN] > settings.SESSION_MAX_S:
        _end(request, "Your session has reached its greatest age.")
    elif now - session[SEEN] > settings.SESSION_IDLE_S:
        _end(request, "You were away for a while.")
    elif _is_somebody_there(request) and now - session[SEEN] >= NOTED_EVERY_S:
        session[SEEN] = now


def _is_somebody_there(request: HttpRequest) -> bool:
    """Tell people from pages that refresh themselves: these would keep a session for ever."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def _end(request: HttpRequest, why: str) -> None:
    logout(request)
    messages.info(request, f"{why} Please log in again.")


def _actor(request: HttpRequest) -> audit.Actor | None:
    user = request.user
    if not user.is_authenticated:
        return None
    return audit.Actor(user.get_username(), user_id=user.pk, address=client_address(request))
