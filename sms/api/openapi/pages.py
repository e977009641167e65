"""Pages that show the document, by Swagger UI, which is served from here as well."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, re_path
from django.views.decorators.http import require_safe

from sms.api.representation import BASE

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""Browsers load nothing from elsewhere, whatever the pages' scripts may ask for.

Swagger UI has pictures and styles of its own inline.
"""


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the document."""
    response = render(request, "sms/api_docs.html", {"document": f"{BASE}/openapi.json"})
    policy = "; ".join(f"{name} {sources}" for name, sources in _POLICY.items())
    response.headers["Content-Security-Policy"] = policy
    return response


urlpatterns: list[URLPattern] = [re_path(r"^docs/?$", docs)]
