"""Which group may do what.

Given by a receiver of post_migrate, not by a data migration: while that runs, a new database has
no permissions yet, and each one added later would need another. A group is made when the first of
its rights is given; `Given` remembers each, so that what people change afterwards stays as they
left it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS


def _may(verbs: str, app: str, *models: str) -> tuple[str, ...]:
    return tuple(f"{app}.{verb}_{model}" for model in models for verb in verbs.split())


_EDIT = "add change delete"
_SMS_SEEN = (
    *("message", "segment", "event", "callback", "callbackattempt", "callbackhost"),
    *("link", "slot", "health", "route", "binding", "block", "optout"),
)


@dataclass(frozen=True, slots=True)
class Team:
    """A group as we make it: what its members may, and whose rights they have as well."""

    rights: tuple[str, ...]
    includes: str = ""


TEAMS: Final[Mapping[str, Team]] = {
    "Support": Team(
        (
            *_may("view", "sms", *_SMS_SEEN),
            *_may("view", "accounts", "account", "phonenumber", "client"),
            *("sms.resend_message", "sms.repeat_callback"),
            "auditlog.view_logentry",  # of what its reader may see anyway
        )
    ),
    "Operator": Team(
        (
            *_may(_EDIT, "sms", "link", "route", "block"),
            *_may("add delete", "sms", "optout"),
            *_may(_EDIT, "accounts", "phonenumber", "client"),
            *("sms.operate_link", "sms.cancel_message", "sms.export_message"),
        ),
        includes="Support",
    ),
    "Administrator": Team(
        (
            *_may("add change", "accounts", "account"),
            "sms.view_body",
            *_may("view add change", "auth", "user"),
            *_may("view add change delete", "auth", "group"),
            *_may("view delete", "axes", "accessattempt"),
            *_may("view", "axes", "accesslog"),
        ),
        includes="Operator",
    ),
}


def rights_of(team: str) -> Iterator[str]:
    """List what a group may, as `app.codename`."""
    if included := TEAMS[team].includes:
        yield from rights_of(included)
    yield from TEAMS[team].rights


def give_rights(
    *, app_config: Any, apps: Apps = installed_apps, using: str = DEFAULT_DB_ALIAS, **_: Any
) -> None:
    """Give each group its rights in one app, where it never had them; a post_migrate receiver.

    Called once for each app, after Django has made that app's permissions.
    """
    wanted = [
        (team, right)
        for team in TEAMS
        for right in rights_of(team)
        if right.startswith(f"{app_config.label}.")
    ]
    if not wanted or not _is_migrated(apps):
        return
    given = apps.get_model("staff", "Given")._default_manager.using(using)
    had = set(given.filter(right__startswith=f"{app_config.label}.").values_list("group", "right"))
    owed = [pair for pair in wanted if pair not in had]
    made = _permissions(apps, using, app_config.label) if owed else {}
    owed = [(team, right) for team, right in owed if right in made]
    groups = _groups(apps, using, {team for team, _ in owed})
    held = apps.get_model("auth", "Group").permissions.through._default_manager.using(using)
    held.bulk_create(
        [
            held.model(group_id=groups[team], permission_id=made[right])
            for team, right in owed
            if team in groups
        ],
        ignore_conflicts=True,
    )
    given.bulk_create([given.model(group=team, right=right) for team, right in owed])


def _is_migrated(apps: Apps) -> bool:
    """Say whether the tables are there: a migration may have gone back, or not so far."""
    names = {model._meta.label for model in apps.get_models()}
    return {"staff.Given", "auth.Group", "auth.Permission"} <= names


def _permissions(apps: Apps, using: str, app: str) -> dict[str, int]:
    rows = apps.get_model("auth", "Permission")._default_manager.using(using)
    found = rows.filter(content_type__app_label=app).values_list("codename", "pk")
    return {f"{app}.{codename}": pk for codename, pk in found}


def _groups(apps: Apps, using: str, teams: set[str]) -> dict[str, int]:
    """Find groups, and make those that were never given anything; what is deleted stays so."""
    rows = apps.get_model("auth", "Group")._default_manager.using(using)
    given = apps.get_model("staff", "Given")._default_manager.using(using)
    known = set(given.filter(group__in=teams).values_list("group", flat=True).distinct())
    for team in TEAMS:
        if team in teams - known:
            rows.get_or_create(name=team)
    return dict(rows.filter(name__in=teams).values_list("name", "pk"))
