"""Accounts: create and change. They are closed, never deleted: their messages stay."""

import contextlib
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import memory
from accounts.models import Account, Client, PhoneNumber
from accounts.provisioning.clients import ClientSettings, create_client
from accounts.provisioning.passwords import check_strength
from accounts.provisioning.refusals import Refused, Taken
from accounts.provisioning.rows import assign, check, hold_open, store
from accounts.secrets import new_token
from staff import audit

CLOSED = Account.Status.CLOSED
NAME_LENGTH = 64
SWITCHED = {
    Account.Status.ACTIVE: "resumed",
    Account.Status.SUSPENDED: "suspended",
    Account.Status.CLOSED: "closed",
}
"""What was done to an account that has got a status."""


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What may be set of an account; None leaves it as it is, or at its default."""

    friendly_name: str | None = None
    email: str | None = None
    password: str | None = field(default=None, repr=False)
    role: str | None = None
    status: str | None = None
    max_requests_per_second: int | None = None
    max_messages_per_day: int | None = None
    max_price: Decimal | None = None


def create_account(settings: AccountSettings, *, parent_id: int | None = None) -> Account:
    """Create an account, and a client named like its e-mail address where that login is free.

    Raises Refused, Taken. Source: sms-api 8.
    """
    account = Account()
    assign(account, _stored(settings))  # hashes, which takes long: not while rows are held
    account.email = account.email or None
    account.friendly_name = account.friendly_name or (settings.email or "")[:NAME_LENGTH]
    with transaction.atomic():
        account.parent = _active(parent_id) if parent_id else None
        account.role = settings.role or (account.parent or account).role
        if account.status == CLOSED:
            raise Refused("A new account can not be closed.", field="status")
        check(account)
        store(account, otherwise=_in_use())
        if settings.password:
            _give_client(account)
    return account


def update_account(account_id: int, settings: AccountSettings) -> Account:
    """Change an account; a new status goes for all accounts below it, and closed is final.

    Raises Refused, Taken. Source: sms-api 8.
    """
    if settings.status == CLOSED:  # then nothing else matters
        settings = AccountSettings(status=CLOSED)
    stored = _stored(settings)
    with transaction.atomic():
        account = hold_open(account_id)
        _switch(account, settings.status or account.status)
        assign(account, stored)
        account.email = account.email or None
        check(account)
        store(account, otherwise=_in_use())
        memory.forget()
    return account


def _stored(settings: AccountSettings) -> AccountSettings:
    """Put settings as they are stored. Raises Refused for a weak password."""
    if settings.email is not None:
        settings = replace(settings, email=settings.email.lower())
    if settings.password is None:
        return settings
    check_strength(settings.password)
    return replace(settings, password=make_password(settings.password))


def _in_use() -> Taken:
    return Taken("The email address used for the new account is already in use.")


def _active(parent_id: int) -> Account:
    """Hold the account that gets a sub-account. Raises Refused."""
    parent = hold_open(parent_id)
    if not parent.is_active:
        raise Refused("The parent account is not active.", error="ACCOUNT_NOT_ACTIVE")
    return parent


def _switch(account: Account, status: str) -> None:
    """Give an account and those below it a status; what is closed stays closed."""
    if status == account.status:
        return
    done = SWITCHED[Account.Status(status)]
    family = _hold_family(account)
    open_ones = Account.objects.filter(pk__in=family).exclude(status=CLOSED)
    for one in open_ones.only("sid", "friendly_name", "status"):
        audit.record(one, done, status=(one.status, status))
    open_ones.update(status=status, date_updated=timezone.now())
    if status == CLOSED:
        PhoneNumber.objects.filter(account__in=family).delete()
        Client.objects.filter(account__in=family).delete()
    memory.forget()


def _hold_family(account: Account) -> list[int]:
    """List an account and all below it; no more can be added until the transaction's end.

    Level by level: whoever adds an account holds the one above it.
    """
    family = level = [account.pk]
    while level:
        below = Account.objects.select_for_update(no_key=True).filter(parent__in=level)
        level = list(below.order_by("pk").values_list("pk", flat=True))
        family = family + level
    return family


def _give_client(account: Account) -> None:
    """Make a client named like the e-mail address, as RestComm does, where it can be one.

    Not with the account's password, as there: a client's must stay readable, and that one
    opens the whole account. It can not register before it is given one of its own.
    """
    login = (account.email or "").partition("@")[0]
    if not login:
        return
    with contextlib.suppress(Refused):
        settings = ClientSettings(friendly_name=account.friendly_name, password=new_token())
        create_client(account.pk, login, settings)
