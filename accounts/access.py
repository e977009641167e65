"""Whose things a caller may touch: its own, and those of its sub-accounts."""

from dataclasses import dataclass

from django.db.models import Q
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import bounds, memory
from accounts.authentication import Caller
from accounts.bounds import Bounds
from accounts.models import Account
from accounts.sids import SID

NOT_ACTIVE = "Provided Account is not active"


class CallerIsActive(BasePermission):
    """A suspended or closed account may do nothing."""

    message = NOT_ACTIVE
    code = "ACCOUNT_NOT_ACTIVE"

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Look at the status of the account that calls."""
        return isinstance(request.user, Caller) and request.user.is_active


class RoleAllows(BasePermission):
    """The role Developer reads and sends nothing. Source: sms-api 2.2."""

    message = "The role of this account allows reading only."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Look at the role of the account that calls."""
        return request.method in SAFE_METHODS or (
            isinstance(request.user, Caller) and request.user.may_write
        )


@dataclass(frozen=True, slots=True)
class Owner:
    """The account that a URL names."""

    id: int
    sid: str
    status: str
    messages: Bounds = ()
    """What bounds its messages a day."""

    @property
    def is_active(self) -> bool:
        """Say whether it may use the platform."""
        return self.status == Account.Status.ACTIVE


def owner(caller: object, name: str) -> Owner:
    """Return the account with this sid or e-mail, where it is the caller or below it.

    Raises NotAuthenticated, NotFound, PermissionDenied. Source: sms-api 4.3.
    """
    if not isinstance(caller, Caller):
        raise exceptions.NotAuthenticated
    if name == caller.sid:
        return Owner(caller.id, caller.sid, caller.status, caller.messages)
    found, above = _named(name)
    if caller.id not in (found.id, *above):
        raise exceptions.PermissionDenied("The account is not yours.")
    return found


def family(account: Owner) -> list[int]:
    """List an account and its sub-accounts, which go two levels down."""
    below = Q(parent=account.id) | Q(parent__parent=account.id)
    return list(Account.objects.filter(Q(pk=account.id) | below).values_list("pk", flat=True))


def _named(name: str) -> tuple[Owner, list[int]]:
    """Find an account and who is above it. Only a find is remembered, for seconds."""
    if not SID.fullmatch(name):
        return _read(name)
    return memory.recall(f"account:{name}", lambda: _read(name))


def _read(name: str) -> tuple[Owner, list[int]]:
    rows = bounds.read(Account.objects.named(name), "sid", "status")
    account = rows.first() if name.isprintable() else None
    if account is None:
        raise exceptions.NotFound("The account does not exist.")
    messages = bounds.messages_of(account)
    found = Owner(account.pk, account.sid, account.status, messages)
    return found, [above.pk for above in account.lineage() if above.pk != account.pk]
