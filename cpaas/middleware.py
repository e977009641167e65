"""Django's middleware for the admin, stepping aside for everything else.

Subclasses, because the admin's system checks look for Django's classes in MIDDLEWARE.
"""

from axes import middleware as axes
from csp import middleware as csp
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponseBase
from django.middleware import clickjacking, csrf
from whitenoise import middleware as whitenoise

PAGES = ("/admin", "/static/")


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
