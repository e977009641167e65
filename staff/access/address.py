"""Where a request comes from, also behind proxies of ours."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(request: HttpRequest) -> str | None:
    """Return the nearest address that is no proxy of ours; None where there is none at all.

    X-Forwarded-For is read from its end, which our proxies wrote, and only when they sent it:
    whatever stands before may be a stranger's invention.
    """
    trusted = _networks(tuple(settings.TRUSTED_PROXIES))
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    last = None
    for text in (request.META.get("REMOTE_ADDR", ""), *reversed(told)):
        address = _read(text)
        if address is None:
            break
        last = address
        if not any(address in network for network in trusted):
            break
    return str(last) if last else None


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


def _read(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
