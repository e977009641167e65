"""The tally of a fault counts each broken promise, and nothing else."""

import pytest

from tests.faults.customer import Posted
from tests.faults.tally import Tally, count

GOOD = [("sent", 11.0), ("delivered", 12.0)]


def tally_of(
    end: tuple[str, int | None] = ("delivered", None),
    *,
    submits: int = 1,
    told: list[tuple[str, float]] = GOOD,
) -> Tally:
    return count(
        [Posted("SM1", "15550000001", 10.0)],
        ends={"SM1": end},
        submitted={"15550000001": submits},
        told={"SM1": told},
        healed_at=9.0,
        repeats=0,
    )


def test_a_delivered_message_keeps_every_promise() -> None:
    assert tally_of().is_good
    assert tally_of().recovered_s == 3.0


def test_callbacks_may_come_again_but_not_in_another_order() -> None:
    assert tally_of(told=[*GOOD, ("sent", 13.0)]).is_good
    assert tally_of(told=[("delivered", 11.0), ("sent", 12.0)]).amiss == 1


@pytest.mark.parametrize("told", [[], [("sent", 11.0)], [("failed", 11.0)]])
def test_an_end_that_was_not_told_is_amiss(told: list[tuple[str, float]]) -> None:
    assert tally_of(told=told).amiss == 1


def test_what_has_no_end_is_lost_and_what_went_out_twice_is_doubled() -> None:
    assert tally_of(("sent", None)).lost == 1
    assert tally_of(("sent", None)).left == {"sent": 1}
    assert tally_of(submits=2).doubled == 1


def test_a_message_without_an_answer_is_told_apart() -> None:
    tally = tally_of(("failed", 30090), told=[("failed", 12.0)])
    assert tally.is_good
    assert tally.unanswered == 1


def test_a_recovery_does_not_begin_before_the_fault_is_over() -> None:
    posted = Posted("SM1", "15550000001", 10.0)
    tally = count(
        [posted, Posted("SM2", "15550000002", 10.0)],
        ends={"SM1": ("delivered", None), "SM2": ("delivered", None)},
        submitted={},
        told={"SM1": [("sent", 7.0), ("delivered", 8.0)], "SM2": GOOD},
        healed_at=9.0,
        repeats=1,
    )
    assert tally.recovered_s == 3.0
