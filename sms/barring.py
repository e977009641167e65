"""Keep people out of reach, one or many at once: the verbs of pages and commands.

What they are asked for at every message is in `blocking.py`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction

from accounts import numbers
from accounts.models import Account, PhoneNumber
from sms.models import Block, OptOut
from sms.models.block import written
from staff import audit

BY_AN_OPERATOR = "by an operator"
_AT_ONCE = 500
_BETWEEN = re.compile(r"[\n,;\t]+")

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a list of numbers."""

    added: int
    known: int
    """There already, or twice in the list."""
    refused: tuple[str, ...]
    """Which are no numbers, as they were written."""


def split(text: str) -> list[str]:
    """Read a list as people paste it: one a line, or separated by commas."""
    return [part for line in _BETWEEN.split(text) if (part := line.strip())]


def number_of(text: str) -> PhoneNumber | None:
    """Find a number of ours, however it is written."""
    kind = PhoneNumber.Kind.NUMBER
    return PhoneNumber.objects.filter(key=numbers.key(text), kind=kind).first()


def block(patterns: Iterable[str], *, account: Account | None, note: str, by: str) -> Taken:
    """Block numbers, and with a star behind them all that begin so; of one account or of all."""
    asked = list(patterns)
    blocks = [written(one, account=account, note=note, added_by=by) for one in asked]
    good = {
        (one.digits, one.is_prefix): one for one in blocks if _is_good(one, exclude={"account"})
    }
    refused = tuple(text for text, one in zip(asked, blocks, strict=True) if not _known(good, one))
    with transaction.atomic():
        here = Block.objects.filter(account=account).order_by()
        for some in _chunks([digits for digits, _ in good]):
            for key in here.filter(digits__in=some).values_list("digits", "is_prefix"):
                good.pop(key, None)
        _store(Block, list(good.values()))
    return Taken(len(good), len(asked) - len(good) - len(refused), refused)


def opt_out(number: PhoneNumber, people: Iterable[str]) -> Taken:
    """Stop messages from a number to people who asked for it in another way than by STOP."""
    asked = list(people)
    refused = tuple(text for text in asked if not numbers.is_number(text))
    keys = dict.fromkeys(numbers.key(text) for text in asked if numbers.is_number(text))
    with transaction.atomic():
        here = OptOut.objects.filter(account=number.account_id, number=number.key)
        for some in _chunks(list(keys)):
            for known in here.of_people(some).values_list("person", flat=True):
                keys.pop(known, None)
        rows = [
            OptOut(account_id=number.account_id, number=number.key, person=key, word=BY_AN_OPERATOR)
            for key in keys
        ]
        _store(OptOut, rows)
    return Taken(len(rows), len(asked) - len(rows) - len(refused), refused)


def _is_good(row: Block, *, exclude: set[str]) -> bool:
    try:
        row.full_clean(exclude=exclude, validate_unique=False, validate_constraints=False)
    except ValidationError:
        return False
    return True


def _known(good: dict[tuple[str, bool], Block], one: Block) -> bool:
    return (one.digits, one.is_prefix) in good


def _chunks(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[n : n + _AT_ONCE] for n in range(0, len(items), _AT_ONCE))


def _store(table: type[Row], rows: list[Row]) -> None:
    made = table._default_manager.bulk_create(rows, batch_size=_AT_ONCE)
    audit.record_many(made, "created")  # which tells by itself of single rows alone
