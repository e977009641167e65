"""Matching and choosing: pure, so every case is cheap."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from accounts.sids import new_message_sid
from sms.errors import ErrorCode
from sms.routing import Condition, Standing, Table, Traits
from sms.routing.table import Row

SHOP, OTHER = 7, 8


def traits(**values: Any) -> Traits:
    given: dict[str, Any] = {
        "sid": new_message_sid(),
        "recipient_key": "4915112345678",
        "account_id": SHOP,
        "sender_key": "shop",
        "segments": 1,
    }
    return Traits(**{**given, **values})


def row(link_id: int, **values: Any) -> Row:
    given: dict[str, Any] = {
        "prefix": "",
        "account_id": None,
        "sender": "",
        "priority": 100,
        "weight": 1,
        "price": Decimal(0),
    }
    return Row(**{**given, **values}, link_id=link_id)


def standings(*conditions: Condition) -> list[Standing]:
    return [Standing(n, f"link-{n}", c) for n, c in enumerate(conditions, start=1)]


def choose(rows: list[Row], links: list[Standing], message: Traits | None = None) -> str | None:
    way = Table(rows, links).choose(message or traits()).way
    return way.link_name if way else None


WELL = Condition.READY


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({}, {"prefix": "4"}),
        ({"prefix": "49"}, {"prefix": "4915"}),
        ({"account_id": SHOP, "sender": "shop"}, {"prefix": "4"}),
        ({"prefix": "49"}, {"prefix": "49", "account_id": SHOP}),
        ({"sender": "shop"}, {"account_id": SHOP}),
        ({}, {"sender": "s*"}),
        ({"sender": "s*"}, {"sender": "sho*"}),
        ({"sender": "shop*"}, {"sender": "shop"}),
        ({"account_id": SHOP, "sender": "shop*"}, {"account_id": SHOP, "sender": "shop"}),
    ],
)
def test_more_specific_wins_whatever_the_priority(
    less: dict[str, Any], more: dict[str, Any]
) -> None:
    rows = [row(1, **less, priority=1), row(2, **more, priority=200)]
    assert choose(rows, standings(WELL, WELL)) == "link-2"
    assert choose(rows[::-1], standings(WELL, WELL)) == "link-2"


@pytest.mark.parametrize(
    "foreign",
    [
        {"prefix": "44"},
        {"prefix": "49151123456789"},
        {"account_id": OTHER},
        {"sender": "sho"},
        {"sender": "shops*"},
    ],
)
def test_a_route_for_others_does_not_fit(foreign: dict[str, Any]) -> None:
    assert choose([row(1, **foreign)], standings(WELL)) is None
    assert choose([row(1, **foreign), row(2)], standings(WELL, WELL)) == "link-2"


def test_weights_share_the_traffic_of_a_group() -> None:
    table = Table([row(1, weight=3), row(2, weight=1)], standings(WELL, WELL))
    count = Counter(_name(table, traits()) for _ in range(2000))
    assert count["link-1"] / 2000 == pytest.approx(0.75, abs=0.05)


def test_what_a_failed_link_had_is_shared_by_weight_too() -> None:
    rows = [row(1, weight=4), row(2, weight=3), row(3, weight=1)]
    table = Table(rows, standings(Condition.DOWN, WELL, WELL))
    moved = [t for t in (traits() for _ in range(4000)) if table.candidates(t)[0].link_id == 1]
    count = Counter(_name(table, t) for t in moved)
    assert count["link-2"] / len(moved) == pytest.approx(0.75, abs=0.05)


def _name(table: Table, message: Traits) -> str:
    way = table.choose(message).way
    assert way
    return way.link_name


def test_every_process_comes_to_the_same_choice() -> None:
    rows = [row(n, weight=n) for n in range(1, 6)]
    message = traits()
    one = Table(rows, standings(*[WELL] * 5)).candidates(message)
    two = Table(rows[::-1], standings(*[WELL] * 5)).candidates(message)
    assert [way.link_id for way in one] == [way.link_id for way in two]
    assert sorted(way.link_id for way in one) == [1, 2, 3, 4, 5]


def test_weight_nought_comes_when_nothing_else_does() -> None:
    rows = [row(1, weight=0), row(2, weight=1), row(3, priority=200)]
    assert choose(rows, standings(WELL, WELL, WELL)) == "link-2"
    assert choose(rows, standings(WELL, Condition.DOWN, WELL)) == "link-1"


TROUBLES = [Condition.DOWN, Condition.OPEN, Condition.SLOW, Condition.PROBING]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_link_in_trouble_is_passed_over_for_the_next(trouble: Condition) -> None:
    rows = [row(1, priority=1), row(2, priority=2), row(3, priority=3)]
    choice = Table(rows, standings(trouble, WELL, WELL)).choose(traits())
    assert choice.way and choice.way.link_id == 2 and choice.is_ready
    assert choice.note == f"link-2 by any number, priority 2; passed over link-1: {trouble.value}"


@pytest.mark.parametrize("trouble", TROUBLES)
def test_where_all_are_in_trouble_it_waits_for_the_best(trouble: Condition) -> None:
    rows = [row(1, priority=1), row(2, priority=2)]
    choice = Table(rows, standings(Condition.DOWN, trouble)).choose(traits())
    assert choice.way and not choice.is_ready
    assert choice.way.link_id == (1 if trouble is Condition.DOWN else 2)
    assert f"although {choice.way.link.trouble}" in choice.note


def test_no_less_specific_route_stands_in() -> None:
    rows = [row(1, prefix="49"), row(2)]
    choice = Table(rows, standings(Condition.DOWN, WELL)).choose(traits())
    assert choice.way and choice.way.link_id == 1 and not choice.is_ready


def test_a_link_that_is_tried_gets_its_probes_and_no_more() -> None:
    first = Standing(1, "first", Condition.PROBING, probes=2)
    table = Table([row(1, priority=1), row(2, priority=2)], [first, Standing(2, "second")])
    assert Counter(_name(table, traits()) for _ in range(10)) == {"first": 2, "second": 8}


def test_a_full_queue_takes_nothing_although_its_link_is_well() -> None:
    full, free = Standing(1, "full", is_full=True), Standing(2, "free")
    rows = [row(1, priority=1), row(2, priority=2)]
    assert choose(rows, [full, free]) == "free"
    free.is_full = True
    choice = Table(rows, [full, free]).choose(traits())
    assert (choice.way, choice.failure) == (None, ErrorCode.QUEUE_OVERFLOW)
    assert choice.note == "passed over full: its queue is full, free: its queue is full"


def test_a_cheaper_route_is_waited_for_rather_than_paying_too_much() -> None:
    rows = [row(1, priority=1, price=Decimal(2)), row(2, priority=2, price=Decimal(1))]
    links, limits = standings(WELL, Condition.DOWN), {SHOP: Decimal(1)}
    choice = Table(rows, links, limits).choose(traits())
    assert choice.way and choice.way.link_id == 2
    assert "link-1: too expensive" in choice.note


def test_one_route_alone_can_be_too_expensive() -> None:
    table = Table([row(1, price=Decimal("0.01"))], standings(WELL), {SHOP: Decimal("0.02")})
    assert table.choose(traits(segments=2)).is_ready
    assert table.choose(traits(segments=3)).failure == ErrorCode.PRICE_EXCEEDED
    assert table.choose(traits(segments=3, account_id=OTHER)).is_ready


def test_a_link_is_not_tried_twice_in_a_round() -> None:
    table = Table([row(n, priority=n) for n in (1, 2)], standings(WELL, WELL))
    second = table.choose(traits(), {1})
    assert second.way and second.way.link_id == 2
    assert table.choose(traits(), {1, 2}).way is None


def test_the_note_says_by_what_a_route_fits() -> None:
    rows = [
        row(n, prefix="49", account_id=SHOP, sender="sh*", weight=w) for n, w in ((1, 3), (2, 1))
    ]
    notes = {Table(rows, standings(WELL, WELL)).choose(traits()).note for _ in range(50)}
    fits = "by prefix 49, its account, sender sh*, priority 100"
    assert notes == {f"link-1 {fits}, weight 3 of 4", f"link-2 {fits}, weight 1 of 4"}


def test_a_note_fits_its_column() -> None:
    links = [Standing(n, "x" * 40, Condition.DOWN) for n in range(1, 20)]
    choice = Table([row(n) for n in range(1, 20)], links).choose(traits())
    assert len(choice.note) <= 255
