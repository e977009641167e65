"""System checks of how staff come in."""

import ipaddress
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

_COUNTS = ("SESSION_IDLE_S", "SESSION_MAX_S", "LOGIN_TRIES", "LOGIN_LOCKOUT_S")


@register
def trusted_proxies(**_: Any) -> list[CheckMessage]:
    """Refuse what is not a network in TRUSTED_PROXIES."""
    return [
        Error(
            f"TRUSTED_PROXIES holds {text!r}, which is not a network.",
            hint="Write networks such as 10.1.0.0/16, or addresses, separated by commas.",
            id="staff.E001",
        )
        for text in settings.TRUSTED_PROXIES
        if not _is_network(text)
    ]


@register
def durations(**_: Any) -> list[CheckMessage]:
    """Refuse a log-in that nobody could use."""
    return [
        Error(f"{name} must be at least 1.", id="staff.E002")
        for name in _COUNTS
        if getattr(settings, name) < 1
    ]


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
