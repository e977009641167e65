"""The rows whose changes are recorded, whoever saves or deletes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from auditlog.signals import pre_log
from django.apps import apps
from django.db.models.signals import pre_save

from staff.audit.acting import actor, sign_new

_TIMES = ("date_created", "date_updated")


@dataclass(frozen=True, slots=True)
class Watch:
    """How the rows of a table are recorded."""

    secret: tuple[str, ...] = ()
    """Columns of which only is told that they changed."""
    ignored: tuple[str, ...] = _TIMES
    """Columns that follow from others."""
    sets: tuple[str, ...] = ()
    """Relations to many, such as the groups of a user."""
    only_people: bool = False
    """What the platform does by itself is told elsewhere."""


# Never a table that grows or changes with traffic: each save there would cost two statements.
WATCHED: Final[Mapping[str, Watch]] = {
    "accounts.Account": Watch(
        secret=("password", "auth_token", "signing_secret"),
        ignored=(*_TIMES, "auth_token_digest", "old_token_digest"),
    ),
    "accounts.PhoneNumber": Watch(ignored=(*_TIMES, "key", "kind")),
    "accounts.Client": Watch(
        secret=("password",), ignored=(*_TIMES, "ha1_realm", "ha1_md5", "ha1_sha256")
    ),
    "sms.Link": Watch(secret=("password", "tls_key")),
    "sms.Route": Watch(),
    "sms.Block": Watch(ignored=("added_by", "added_at")),
    "sms.OptOut": Watch(ignored=("since", "message"), only_people=True),
    "auth.User": Watch(
        secret=("password",),
        ignored=("last_login", "date_joined"),
        sets=("groups", "user_permissions"),
    ),
    "auth.Group": Watch(sets=("permissions",)),
}


def watch() -> None:
    """Record changes of these rows from now on."""
    for name, how in WATCHED.items():
        model = apps.get_model(name)
        # Named one by one: otherwise what refers to a new row would be listed with it.
        columns = {field.name for field in model._meta.concrete_fields} - {*how.ignored, "id"}
        auditlog.register(
            model,
            include_fields=sorted(columns),
            mask_fields=list(how.secret),
            mask_callable=f"{__name__}.masked",
            m2m_fields=set(how.sets),
        )
    pre_save.connect(sign_new, sender=LogEntry, dispatch_uid="staff.audit")
    pre_log.connect(_is_told_here, dispatch_uid="staff.audit")


def masked(value: str) -> str:
    """Say that there is something, and no more."""
    return "" if value in ("", "None") else "••••••••"


def _is_told_here(sender: Any, **_: Any) -> bool:
    """Answer whether a change is recorded; a pre_log receiver."""
    return not WATCHED[sender._meta.label].only_people or actor() is not None
