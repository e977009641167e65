"""What is said of every candidate is what routing does with it."""

from collections import Counter
from decimal import Decimal

from accounts.sids import new_message_sid
from sms.routing import Condition, Fate, Table, explain
from tests.sms.routing.test_table import SHOP, row, standings, traits

WELL, SLOW, OPEN, DOWN = Condition.READY, Condition.SLOW, Condition.OPEN, Condition.DOWN

Told = list[tuple[str, Fate, int]]


def told(table: Table, segments: int = 1) -> Told:
    found = explain(table, traits(segments=segments))
    return [(c.way.link_name, c.fate, c.percent) for c in found.candidates]


def test_shares_are_those_of_the_links_that_can() -> None:
    rows = [row(1, weight=3), row(2, weight=1), row(3, weight=4), row(4, priority=200)]
    links = standings(WELL, WELL, DOWN, WELL)
    assert told(Table(rows, links)) == [
        ("link-1", Fate.TAKES, 75),
        ("link-2", Fate.TAKES, 25),
        ("link-3", Fate.PASSED_OVER, 0),
        ("link-4", Fate.STANDS_BY, 0),
    ]
    table = Table(rows, links)
    went = Counter(table.choose(traits(sid=new_message_sid())).way for _ in range(2000))
    assert 0.70 < went.most_common(1)[0][1] / 2000 < 0.80


def test_a_spare_without_weight_takes_only_what_nobody_else_can() -> None:
    rows = [row(1, weight=1), row(2, weight=0)]
    assert told(Table(rows, standings(WELL, WELL)))[1] == ("link-2", Fate.STANDS_BY, 0)
    spare = told(Table(rows, standings(DOWN, WELL)))[0]
    assert spare == ("link-2", Fate.TAKES, 100)


def test_where_none_can_it_waits_for_the_one_that_routing_chooses() -> None:
    rows = [row(1), row(2, priority=200)]
    found = explain(Table(rows, standings(DOWN, SLOW)), traits())
    assert [(c.fate, c.trouble) for c in found.candidates] == [
        (Fate.PASSED_OVER, "not connected"),
        (Fate.WAITS, "slow"),
    ]
    assert found.choice.way is found.candidates[1].way


def test_a_full_queue_and_a_price_are_told_as_what_they_are() -> None:
    links = standings(WELL, WELL)
    links[0].is_full = True
    rows = [row(1), row(2, price=Decimal("0.05"))]
    table = Table(rows, links, {SHOP: Decimal("0.12")})
    assert [fate for _, fate, _ in told(table, segments=2)] == [Fate.TAKES, Fate.PASSED_OVER]
    found = explain(table, traits(segments=3))
    assert {c.trouble for c in found.candidates} == {"its queue is full", "too expensive"}
    assert found.choice.way is None


def test_a_link_that_is_tried_takes_as_many_as_its_probes() -> None:
    links = standings(Condition.PROBING, WELL, DOWN)
    links[0].probes = links[2].probes = 1
    table = Table([row(1, priority=1), row(2, priority=2), row(3, priority=3)], links)
    fates = [Fate.TAKES, Fate.STANDS_BY, Fate.PASSED_OVER]
    assert [fate for _, fate, _ in told(table)] == fates
    assert told(table)[0] == ("link-1", Fate.PASSED_OVER, 0)  # that was the probe


def test_a_message_without_a_route_has_no_candidates() -> None:
    assert told(Table([row(1, prefix="1")], standings(WELL))) == []
