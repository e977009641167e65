"""Addresses of the lists behind the numbers, filtered as these were counted."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from sms.lifecycle import Status
from sms.statistics.reading import Period

_QUICK: Final = {"hour": "hour", "week": "week"}
"""Periods that the list of messages knows by name."""


def messages(period: Period, now: datetime, **filters: str | int | list[str]) -> str:
    """Name the list of messages that were accepted in a period."""
    return _list("sms_message", **filters, **_since(period, now))


def all_messages() -> str:
    """Name the list of messages."""
    return _list("sms_message")


def callbacks(**filters: str) -> str:
    """Name the list of callbacks."""
    return _list("sms_callback", **filters)


def failing_receivers() -> str:
    """Name the list of hosts that fail."""
    return _list("sms_callbackhost")


def links() -> str:
    """Name the list of links."""
    return _list("sms_link")


def clients() -> str:
    """Name the list of registered clients."""
    return _list("sms_binding")


def link(pk: int) -> str:
    """Name the page of a link."""
    return reverse("admin:sms_link_change", args=(pk,))


def _since(period: Period, now: datetime) -> dict[str, str]:
    if period.name in _QUICK:
        return {"when": _QUICK[period.name]}
    start = period.starts(now)[0].astimezone(UTC)
    return {"since_day": start.strftime("%Y-%m-%d"), "since_time": start.strftime("%H:%M")}


def _list(model: str, **filters: str | int | list[str]) -> str:
    path = reverse(f"admin:{model}_changelist")
    return f"{path}?{urlencode(filters, doseq=True)}" if filters else path


def waiting() -> str:
    """Name the list of messages that are not sent yet."""
    return _list("sms_message", status=[Status.QUEUED.value, Status.SENDING.value])
