"""System checks: a wrong setting says so before anything runs on it."""

import ipaddress
import sqlite3
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

from sms.webhook.guard import parse_allowed

OLDEST_SQLITE = (3, 35, 0)


@register
def callback_networks(**_: Any) -> list[CheckMessage]:
    """Refuse what is not a network in CALLBACK_ALLOWED_NETWORKS."""
    return [
        Error(
            f"CALLBACK_ALLOWED_NETWORKS holds {text!r}, which is not a network.",
            hint="Write networks such as 10.1.0.0/16, 10.1.0.0/16:8080 or [fd00::/8]:8080, "
            "separated by commas.",
            id="sms.E001",
        )
        for text in settings.CALLBACK_ALLOWED_NETWORKS
        if not _is_allowed(text)
    ]


@register
def monitoring_networks(**_: Any) -> list[CheckMessage]:
    """Refuse what is not a network in MONITORING_NETWORKS."""
    return [
        Error(
            f"MONITORING_NETWORKS holds {text!r}, which is not a network.",
            hint="Write networks such as 10.1.0.0/16, separated by commas.",
            id="sms.E004",
        )
        for text in settings.MONITORING_NETWORKS
        if not _is_network(text)
    ]


@register
def retention(**_: Any) -> list[CheckMessage]:
    """Refuse to keep something for less than no time."""
    return [
        Error(
            f"{name} must not be negative.",
            hint="Name a number of days; 0 keeps everything.",
            id="sms.E005",
        )
        for name in ("RETAIN_BODIES_DAYS", "RETAIN_MESSAGES_DAYS", "RETAIN_AUDIT_DAYS")
        if getattr(settings, name) < 0
    ]


@register
def trusted_proxies(**_: Any) -> list[CheckMessage]:
    """Refuse what is not a network in SIP_TRUSTED_PROXIES."""
    return [
        Error(
            f"SIP_TRUSTED_PROXIES holds {text!r}, which is not a network.",
            hint="Write addresses or networks such as 10.1.0.7, separated by commas.",
            id="sms.E006",
        )
        for text in settings.SIP_TRUSTED_PROXIES
        if not _is_network(text)
    ]


@register
def sqlite_version(**_: Any) -> list[CheckMessage]:
    """Refuse an SQLite without UPDATE ... FROM and RETURNING: the queue is made of them."""
    if connection.vendor != "sqlite" or sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        return []
    return [
        Error(
            f"SQLite {sqlite3.sqlite_version} is too old.",
            hint="Use a Python with SQLite 3.35 or newer, or set DATABASE_URL to PostgreSQL.",
            id="sms.E002",
        )
    ]


@register
def encryption_keys(**_: Any) -> list[CheckMessage]:
    """Refuse keys that Fernet cannot use."""
    if all(_is_key(key.strip()) for key in settings.ENCRYPTION_KEYS.split(",")):
        return []
    return [
        Error(
            "ENCRYPTION_KEY does not hold Fernet keys.",
            hint="Make one: python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'",
            id="sms.E003",
        )
    ]


@register(deploy=True)
def shared_keys(**_: Any) -> list[CheckMessage]:
    """Warn where several hosts would each have made a key of their own."""
    kept = settings.DATA_DIR / "keys" / "encryption_key"
    if settings.EMBEDDED_DATABASE or not kept.exists():
        return []
    return [
        Warning(
            "ENCRYPTION_KEY comes from DATA_DIR, but the database may be shared.",
            hint="Give every host the same ENCRYPTION_KEY and SECRET_KEY (or NAME_FILE).",
            id="sms.W001",
        )
    ]


@register(Tags.database)
def autovacuum(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Warn where nobody clears away what the queue leaves behind: a row is written four times."""
    if not databases or connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_settings WHERE name = ANY (%s) AND setting = 'off'",
            [["autovacuum", "track_counts"]],
        )
        names = [name for (name,) in cursor.fetchall()]
    return [
        Warning(
            f"PostgreSQL runs with {name} = off: its tables grow without end, and slow down.",
            hint=f"Set {name} = on in postgresql.conf, and reload it.",
            id="sms.W003",
        )
        for name in names
    ]


@register(deploy=True)
def guards(**_: Any) -> list[CheckMessage]:
    """Warn where pages have lost their guards against forged forms and foreign frames."""
    wanted = {"cpaas.middleware.CsrfViewMiddleware", "cpaas.middleware.XFrameOptionsMiddleware"}
    return [
        Warning(f"{name} is not in MIDDLEWARE.", hint="Put it back.", id="sms.W002")
        for name in sorted(wanted - set(settings.MIDDLEWARE))
    ]


def _is_allowed(text: str) -> bool:
    try:
        parse_allowed(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True
