"""Django's middleware for the admin, stepping aside for everything else.

Subclasses, because the admin's system checks look for Django's classes in MIDDLEWARE.
"""

import logging
from collections.abc import Callable

from axes import middleware as axes
from csp import middleware as csp
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware import clickjacking, csrf
from whitenoise import middleware as whitenoise

PAGES = ("/admin", "/static/")

_SAID = ("NUL (0x00)", "expected a number but got")
"""Of a value, by psycopg and by Django."""

logger = logging.getLogger(__name__)


class _PagesOnly:
    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(PAGES):
            return super().__call__(request)  # type: ignore[misc, no-any-return]  # a mixin
        return self.get_response(request)  # type: ignore[attr-defined, no-any-return]


class SessionMiddleware(_PagesOnly, sessions.SessionMiddleware):
    """Sessions, for pages."""


class CsrfViewMiddleware(_PagesOnly, csrf.CsrfViewMiddleware):
    """CSRF protection, for pages; the API has no cookies to forge."""

    def process_view(self, request, *args):  # type: ignore[no-untyped-def]  # Django's own hook
        """Check the token of a page's form."""
        if request.path_info.startswith(PAGES):
            return super().process_view(request, *args)
        return None


class AuthenticationMiddleware(_PagesOnly, auth.AuthenticationMiddleware):
    """Staff log-in, for pages."""


class MessageMiddleware(_PagesOnly, messages.MessageMiddleware):
    """Flash messages, for pages."""


class XFrameOptionsMiddleware(_PagesOnly, clickjacking.XFrameOptionsMiddleware):
    """No framing, for pages."""


class CSPMiddleware(_PagesOnly, csp.CSPMiddleware):
    """A content policy, for pages; those outside the admin have narrower ones of their own."""


class AxesMiddleware(_PagesOnly, axes.AxesMiddleware):
    """Lock-out after wrong passwords, for pages: the API has a bound of its own."""


class WhiteNoiseMiddleware(_PagesOnly, whitenoise.WhiteNoiseMiddleware):
    """Static files, for pages."""


class NonsenseMiddleware:
    """Answers 400 where a form or an address of the admin holds what no column can hold.

    Thirty digits for an id, or a NUL: the database's driver stumbles over it, each at another
    place, and no page that we show asks for such.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a page."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Tell a value's fault from ours."""
        is_nonsense = isinstance(error, OverflowError | DataError) or (
            isinstance(error, ValueError) and any(words in str(error) for words in _SAID)
        )
        if not (is_nonsense and request.path_info.startswith(PAGES)):
            return None
        logger.warning("%s answered 400: %s", request.path_info, error)
        return HttpResponse("This page was asked with a value that nothing can have.", status=400)
