"""Numbers: what an account may send from, and what happens when an SMS comes in for one."""

from dataclasses import dataclass

from django.db import transaction

from accounts import memory, numbers
from accounts.models import PhoneNumber
from accounts.provisioning.refusals import Missing, Refused
from accounts.provisioning.rows import assign, check, hold_open, store


@dataclass(frozen=True, slots=True)
class NumberSettings:
    """What may be set of a number; None leaves it as it is, or at its default."""

    friendly_name: str | None = None
    sms_enabled: bool | None = None
    sms_url: str | None = None
    sms_method: str | None = None
    sms_fallback_url: str | None = None
    sms_fallback_method: str | None = None


def add_number(account_id: int, number: str, settings: NumberSettings) -> PhoneNumber:
    """Give an account a number, short code or alphanumeric sender.

    Raises Refused, also where the number is somebody's. Source: sms-api 8.
    """
    row = PhoneNumber(account_id=account_id, number=number, friendly_name=number)
    assign(row, settings)
    check(row)
    with transaction.atomic():
        hold_open(account_id)
        store(row, otherwise=_taken(row))
    return row


def update_number(account_id: int, sid: str, settings: NumberSettings) -> PhoneNumber:
    """Change a number of an account. Raises Refused, Missing."""
    with transaction.atomic():
        held = PhoneNumber.objects.select_for_update(no_key=True)
        row = held.filter(account=account_id, sid=sid).first()
        if row is None:
            raise _missing()
        assign(row, settings)
        check(row)
        store(row, otherwise=_taken(row))
        memory.forget()
    return row


def remove_number(account_id: int, sid: str) -> None:
    """Take a number from an account. Raises Missing."""
    removed, _ = PhoneNumber.objects.filter(account=account_id, sid=sid).delete()
    if not removed:
        raise _missing()
    memory.forget()


TAKEN = "Another account or number has these digits already."
_TAKEN = {
    PhoneNumber.Kind.NUMBER: TAKEN,
    PhoneNumber.Kind.ALPHANUMERIC: "The account has this sender already.",
}


def is_somebodys(number: str) -> bool:
    """Say whether digits are a number already, whoever has it; names may be several accounts'."""
    kind = PhoneNumber.Kind.NUMBER
    return PhoneNumber.objects.filter(kind=kind, key=numbers.key(number)).exists()


def _taken(row: PhoneNumber) -> Refused:
    return Refused(_TAKEN[PhoneNumber.Kind(row.kind)], error="PHONE_NUMBER_TAKEN")


def _missing() -> Missing:
    return Missing("The phone number does not exist.")
