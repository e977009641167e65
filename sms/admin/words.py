"""Statuses, errors and ages as people read them."""

from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sms.lifecycle import Direction, Status
from sms.models import Callback, Message
from sms.timeline import Tone

_STATUSES: Final = {
    Status.QUEUED: Tone.WARNING,
    Status.FAILED: Tone.BAD,
    Status.UNDELIVERED: Tone.BAD,
    Status.DELIVERED: Tone.GOOD,
}

_CALLBACKS: Final = {
    Callback.State.PENDING: Tone.WARNING,
    Callback.State.DELIVERED: Tone.GOOD,
    Callback.State.FAILED: Tone.BAD,
}

SECRETS: Final = (
    *("account__auth_token", "account__signing_secret", "account__password"),
    *("link__password", "link__tls_key"),
)
"""Columns that are decrypted wherever they are read."""


def badge(text: str, tone: Tone) -> SafeString:
    """Show a word in a colour."""
    return format_html('<span class="cp-badge cp-{}">{}</span>', tone.value, text)


def status(message: Message) -> SafeString:
    """Show where a message stands."""
    return badge(str(message.status), _STATUSES.get(Status(message.status), Tone.PLAIN))


def callback_state(callback: Callback) -> SafeString:
    """Show where a callback stands."""
    return badge(str(callback.state), _CALLBACKS[Callback.State(callback.state)])


def way(message: Message) -> SafeString:
    """Name a message's link, and which way it went."""
    arrow, words = ("←", "in over") if message.direction == Direction.INBOUND else ("→", "out over")
    return format_html(
        '<span class="cp-way"><span aria-label="{}">{}</span> {}</span>',
        words,
        arrow,
        message.link or "no link",
    )


_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def age(moment: datetime) -> str:
    """Say how long ago something was, or how long it is to come, in its largest unit."""
    seconds = (timezone.now() - moment).total_seconds()
    return f"in {span(-seconds)}" if seconds < 0 else f"{span(seconds)} ago"


def span(seconds: float) -> str:
    """Write a stretch of time in its largest unit."""
    size, unit = next((u for u in _UNITS if seconds >= u[0]), (1, "s"))
    return f"{int(seconds // size)} {unit}"


def when(moment: datetime) -> SafeString:
    """Show a time, and how long ago it was."""
    return format_html(
        '<span class="cp-when">{}<small>{}</small></span>',
        f"{moment:%Y-%m-%d %H:%M:%S}",
        age(moment),
    )
