"""Limits that hold for an account: its own, and those of the accounts above it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts import bounds
from accounts.bounds import Bound
from accounts.models import Account


@pytest.mark.django_db
def test_an_account_is_bound_by_itself_and_those_above_and_one_statement_says_so(
    account: Account, django_assert_num_queries: Callable[[int], Any]
) -> None:
    account.max_messages_per_day = 9
    account.save()
    child = Account.objects.create(friendly_name="Child", parent=account)
    Account.objects.create(friendly_name="Sibling", parent=account, max_messages_per_day=1)
    grandchild = Account.objects.create(
        friendly_name="Grandchild", parent=child, max_messages_per_day=0, max_requests_per_second=5
    )
    with django_assert_num_queries(1):
        read = bounds.read(Account.objects.filter(pk=grandchild.pk), "sid").get()
        assert read.sid == grandchild.sid
        above = Bound(account.pk, 9, is_above=True)
        assert bounds.messages_of(read) == (Bound(grandchild.pk, 0), above)
        assert bounds.requests_of(read) == (Bound(grandchild.pk, 5),)
    assert bounds.messages_of(child) == (above,)
    assert bounds.messages_of(account) == (Bound(account.pk, 9),)
