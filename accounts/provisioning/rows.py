"""Rows: checked as a form would, stored, held."""

from dataclasses import fields
from typing import TYPE_CHECKING

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction

from accounts.models import Account
from accounts.provisioning.refusals import Refused

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def assign(row: models.Model, settings: "DataclassInstance") -> None:
    """Give a row those settings that are not None."""
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value is not None:
            setattr(row, field.name, value)


def check(row: models.Model) -> None:
    """Raises Refused for what a form would refuse.

    Constraints are left to the database, which alone can tell while others insert;
    relations to whoever looked the other row up.
    """
    relations = {field.name for field in row._meta.fields if field.is_relation}
    try:
        row.full_clean(exclude=relations, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise _first(error) from None


def _first(error: ValidationError) -> Refused:
    field, texts = next(iter(error.message_dict.items()))
    return Refused(texts[0], field="" if field == NON_FIELD_ERRORS else field)


def store(row: models.Model, *, otherwise: Refused) -> None:
    """Insert or update a row; raises `otherwise` where a constraint forbids it."""
    try:
        with transaction.atomic():
            row.save(force_insert=row._state.adding)
    except IntegrityError:
        raise otherwise from None


def hold_open(account_id: int) -> Account:
    """Hold an account that is not closed, until the end of the transaction.

    Raises Refused. Not FOR UPDATE: that would keep its messages from being inserted.
    """
    account = Account.objects.select_for_update(no_key=True).get(pk=account_id)
    if account.status == Account.Status.CLOSED:
        raise Refused("The account is closed.", error="ACCOUNT_CLOSED")
    return account
