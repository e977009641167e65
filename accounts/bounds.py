"""What bounds an account: its own limits, and those of the accounts above it."""

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Account

_COLUMNS = tuple(
    f"{above}{column}"
    for above in ("", "parent__", "parent__parent__")
    for column in ("parent", "max_requests_per_second", "max_messages_per_day")
)


@dataclass(frozen=True, slots=True)
class Bound:
    """So much may be asked for by an account, with all accounts below it."""

    account_id: int
    limit: int
    is_above: bool = False
    """Whether the account is above the one that asks."""


Bounds = tuple[Bound, ...]
"""From the account that asks upwards."""


def read(accounts: QuerySet[Account], *columns: str) -> QuerySet[Account]:
    """Read accounts with what bounds them, in one statement, and only so much else."""
    return accounts.select_related("parent__parent").only(*_COLUMNS, *columns)


def requests_of(account: Account) -> Bounds:
    """List what bounds its requests a second."""
    return _bounds(account, "max_requests_per_second")


def messages_of(account: Account) -> Bounds:
    """List what bounds its messages a day."""
    return _bounds(account, "max_messages_per_day")


def _bounds(account: Account, column: str) -> Bounds:
    return tuple(
        Bound(one.pk, limit, is_above=one.pk != account.pk)
        for one in account.lineage()
        if (limit := getattr(one, column)) is not None
    )
