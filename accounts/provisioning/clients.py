"""Clients: the SIP softphones and browsers of an account."""

from dataclasses import dataclass, field

from django.db import transaction

from accounts import memory
from accounts.models import Client
from accounts.provisioning.passwords import check_strength
from accounts.provisioning.refusals import Missing, Taken
from accounts.provisioning.rows import assign, check, hold_open, store

NAME_LENGTH = 64


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What may be set of a client; None leaves it as it is, or at its default."""

    friendly_name: str | None = None
    password: str | None = field(default=None, repr=False)
    enabled: bool | None = None
    digest: str | None = None
    """One of Client.Digest."""


def create_client(
    account_id: int, login: str, settings: ClientSettings, *, exist_ok: bool = False
) -> Client:
    """Create a client; with exist_ok, return one that the account has already, unchanged.

    Raises Refused, Taken. Source: sms-api 8.
    """
    client = Client(account_id=account_id, login=login, friendly_name=login[:NAME_LENGTH])
    assign(client, settings)
    check(client)
    with transaction.atomic():
        hold_open(account_id)
        own = Client.objects.filter(account=account_id, login__iexact=login).first()
        if own and exist_ok:
            return own
        if own:
            raise Taken("This login is taken.")
        check_strength(client.password)
        store(client, otherwise=_taken())
    return client


def update_client(account_id: int, sid: str, settings: ClientSettings) -> Client:
    """Change a client of an account. Raises Refused, Missing."""
    if settings.password is not None:
        check_strength(settings.password)
    with transaction.atomic():
        held = Client.objects.select_for_update(no_key=True)
        client = held.filter(account=account_id, sid=sid).first()
        if client is None:
            raise _missing()
        assign(client, settings)
        check(client)
        store(client, otherwise=_taken())
        memory.forget()
    return client


def remove_client(account_id: int, sid: str) -> None:
    """Take a client from an account. Raises Missing."""
    removed, _ = Client.objects.filter(account=account_id, sid=sid).delete()
    if not removed:
        raise _missing()
    memory.forget()


def _taken() -> Taken:
    return Taken(
        "A client with the same name was already created by another account. "
        "Please, choose a different name and try again."
    )


def _missing() -> Missing:
    return Missing("The client does not exist.")
