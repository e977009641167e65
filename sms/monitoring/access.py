"""Who may see the names of links, and numbers: a token's holder, or somebody near by."""

import hmac
import ipaddress
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")

View = Callable[..., HttpResponse]


def guarded(view: View) -> View:
    """Answer 403 to those who may not see it."""

    @wraps(view)
    def ask(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if not (_has_token(request) or _is_near(request)):
            word = "Send MONITORING_TOKEN as a Bearer token, or come from MONITORING_NETWORKS."
            return JsonResponse({"error": word}, status=403)
        return view(request, *args, **kwargs)

    return ask


def _has_token(request: HttpRequest) -> bool:
    token: str = settings.MONITORING_TOKEN
    offered = request.META.get("HTTP_AUTHORIZATION", "")
    return bool(token) and hmac.compare_digest(offered.encode(), f"Bearer {token}".encode())


def _is_near(request: HttpRequest) -> bool:
    """Say whether the caller's own address is in one of the networks.

    Over a proxy everybody has the proxy's address, so what one has forwarded counts as far.
    """
    if any(header in request.META for header in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", "").partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(text) for text in settings.MONITORING_NETWORKS)
