"""Who may change whose rights: nobody gives, or takes, what he has not himself."""

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet

from cpaas.appearance import title_of

_VERBS = {"add": "add", "change": "change", "delete": "delete", "view": "look at"}

_SAID = {"axes.delete_accessattempt": "let people in again who guessed too often"}
"""What a right allows, where that is no verb of its page."""


def held(user: User) -> QuerySet[Permission]:
    """Find what somebody may, by groups or alone; also of who cannot log in just now."""
    if user.is_superuser:
        return Permission.objects.all()
    mine = Permission.objects.filter(Q(user=user) | Q(group__user=user)).values("pk")
    return Permission.objects.filter(pk__in=mine)


def may_change(somebody: User, user: User) -> bool:
    """Say whether somebody has every right that a user has: a password opens them all."""
    if somebody.is_superuser:
        return True
    return not user.is_superuser and not held(user).exclude(pk__in=held(somebody)).exists()


def groups_within(somebody: User) -> QuerySet[Group]:
    """Keep the groups that may nothing which somebody may not."""
    if somebody.is_superuser:
        return Group.objects.all()
    beyond = Permission.objects.exclude(pk__in=held(somebody))
    return Group.objects.exclude(permissions__in=beyond)


def words(right: Permission) -> str:
    """Say what a right is for, by the page that it is for: Messages: cancel messages that wait."""
    kind = right.content_type
    page = title_of(f"{kind.app_label}.{kind.model}") or f"{kind.name}s".capitalize()
    verb, _, row = right.codename.partition("_")
    told = _SAID.get(f"{kind.app_label}.{right.codename}")
    told = told or (_VERBS.get(verb) if row == kind.model else None)
    return f"{page}: {told or right.name.removeprefix('Can ')}"
