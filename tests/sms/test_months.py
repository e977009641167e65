"""Months as ranges of ids."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sms import months

DECEMBER = date(2026, 12, 1)


def test_an_id_can_be_read_as_its_month() -> None:
    assert months.first_id(DECEMBER) == 2026_12_0000000000


def test_a_month_is_followed_by_the_next_also_at_the_end_of_a_year() -> None:
    assert months.following(date(2026, 11, 1)) == DECEMBER
    assert months.following(DECEMBER) == date(2027, 1, 1)


def test_ids_of_months_are_in_their_order_and_exact_in_every_json() -> None:
    month, ids = date(1999, 11, 1), []
    while month.year < 9007:
        ids.append(months.first_id(month))
        month = months.following(month)
    assert ids == sorted(ids)
    assert ids[-1] < 2**53


def test_a_month_is_one_of_utc() -> None:
    kiritimati = timezone(timedelta(hours=14))
    assert months.month_of(datetime(2027, 1, 1, 13, 59, tzinfo=kiritimati)) == DECEMBER
    assert months.month_of(datetime(2027, 1, 1, tzinfo=UTC)) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("next_id", "month"),
    [
        (1, DECEMBER),
        (months.first_id(DECEMBER), DECEMBER),
        (months.first_id(DECEMBER) + 1, date(2027, 1, 1)),
        (months.first_id(date(2027, 2, 1)) + 1, date(2027, 3, 1)),
    ],
)
def test_the_first_month_has_no_id_that_was_given(next_id: int, month: date) -> None:
    assert months.first_free(datetime(2026, 12, 24, tzinfo=UTC), next_id) == month


@pytest.mark.parametrize(
    ("ids", "condition"),
    [
        ([], "true"),
        ([1, 999], "true"),
        (
            [2026_12_0000000007, 2026_12_0000000009],
            "id >= 2026120000000000 AND id < 2026130000000000",
        ),
        (
            [2027_01_0000000000, 2026_12_0000000009],
            "id >= 2026120000000000 AND id < 2027020000000000",
        ),
        ([5, 2026_12_0000000009], "id >= 0 AND id < 2026130000000000"),
    ],
)
def test_a_statement_can_say_which_months_it_is_about(ids: list[int], condition: str) -> None:
    assert months.within("id", ids) == condition
