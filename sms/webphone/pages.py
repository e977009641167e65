"""The page of the SIP client. It speaks to an edge from the browser, and to nothing else."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, re_path
from django.views.decorators.http import require_safe

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "data:",
    "connect-src": "ws: wss:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""Browsers load nothing from elsewhere; which edge the page talks to is its user's to say."""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the client, where this installation has one. Raises Http404."""
    if not settings.SIP_CLIENT_PAGE:
        raise Http404
    known = {"server": _server(request), "domain": _in_address(settings.SIP_DOMAIN)}
    response = render(request, "sms/sip_client.html", known)
    policy = "; ".join(f"{name} {sources}" for name, sources in _POLICY.items())
    response.headers["Content-Security-Policy"] = policy
    return response


def _server(request: HttpRequest) -> str:
    """Guess where the edge is: a page that came over TLS may open nothing less safe."""
    scheme = "wss" if request.is_secure() else "ws"
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    return f"{scheme}://{_in_address(host)}:{settings.SIP_WS_PORT}"


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


urlpatterns: list[URLPattern] = [re_path(r"^sip-client/?$", page)]
