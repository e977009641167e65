"""How much a link holds and how evenly it sends; the clock is a number."""

import pytest

from sms.transports.smpp.window import Capacity, Pacer


@pytest.mark.parametrize(
    ("window_size", "max_tps", "answers", "held"),
    [
        (10, 0, 0, 20),
        (10, 0, 5, 20),
        (10, 0, 300, 310),
        (10, 0, 5000, 1010),
        (1, 0, 0, 2),
        (10, 1, 300, 11),
        (10, 100, 300, 110),
        (10, 100, 0, 20),
    ],
)
def test_a_link_holds_its_window_and_what_keeps_it_full(
    window_size: int, max_tps: int, answers: int, held: int
) -> None:
    capacity = Capacity(window_size=window_size, max_tps=max_tps)
    for _ in range(answers):
        capacity.answered(1.0)
    assert capacity.held(1.05) == held


def test_what_was_answered_long_ago_counts_no_more() -> None:
    capacity = Capacity(window_size=10, max_tps=0)
    for _ in range(300):
        capacity.answered(1.0)
    assert capacity.held(1.2) == 20


def sent_within(pacer: Pacer, *, seconds: float, step_s: float) -> int:
    """Count what goes when the pacer is asked every `step_s`."""
    count, now, end = 0, 100.0, 100.0 + seconds
    while now < end:
        while not pacer.wait_s(now):
            pacer.take(now)
            count += 1
        now += step_s
    return count


@pytest.mark.parametrize("max_tps", [1, 10, 100, 1000])
@pytest.mark.parametrize("step_s", [0.0005, 0.013])
def test_the_rate_is_met_and_not_passed(max_tps: int, step_s: float) -> None:
    count = sent_within(Pacer(max_tps), seconds=10, step_s=step_s)
    catch_up = max_tps * 0.05 + 1
    assert max_tps * 9.9 - 1 <= count <= max_tps * 10 + catch_up


def test_without_a_rate_nothing_waits() -> None:
    pacer = Pacer(0)
    for _ in range(1000):
        pacer.take(1.0)
    assert pacer.wait_s(1.0) == 0


def rate_of(pacer: Pacer, start: float, seconds: float = 2.0) -> float:
    """Count what goes in a second from `start` on, asked every millisecond."""
    count, now = 0, start
    while now < start + seconds:
        while not pacer.wait_s(now):
            pacer.take(now)
            count += 1
        now += 0.001
    return count / seconds


def test_a_throttled_link_rests_a_second_then_has_half_its_rate() -> None:
    pacer = Pacer(100)
    assert rate_of(pacer, 100.0) == pytest.approx(100, rel=0.1)
    pacer.throttled(102.0)
    assert pacer.wait_s(102.5) == pytest.approx(0.5)
    assert rate_of(pacer, 103.0) == pytest.approx(50, rel=0.1)


def test_one_refusal_or_a_window_of_them_halve_the_rate_once() -> None:
    pacer = Pacer(100)
    for _ in range(50):
        pacer.throttled(100.0)
    pacer.throttled(100.9)
    assert pacer.limit == 50
    pacer.throttled(101.1)
    assert pacer.limit == 25


@pytest.mark.parametrize(
    ("after_s", "limit"), [(9.9, 50), (10, 60), (20, 70), (39, 80), (40, 90), (50, 100), (500, 100)]
)
def test_a_tenth_of_the_rate_comes_back_every_ten_seconds(after_s: float, limit: float) -> None:
    pacer = Pacer(100)
    pacer.throttled(100.0)
    pacer.wait_s(100.0 + after_s)
    assert pacer.limit == pytest.approx(limit)


def test_a_throttle_after_a_recovery_counts_at_once() -> None:
    pacer = Pacer(100)
    pacer.throttled(100.0)
    pacer.wait_s(110.0)
    pacer.throttled(110.1)
    assert pacer.limit == pytest.approx(30)


@pytest.mark.parametrize(("sent", "span_s", "half"), [(40, 0.9, 20), (3000, 0.5, 3000), (1, 0, 1)])
def test_without_a_rate_half_of_what_went_counts(sent: int, span_s: float, half: float) -> None:
    pacer = Pacer(0)
    for number in range(sent):
        pacer.take(100.0 + number * span_s / sent)
    pacer.throttled(100.0 + span_s)
    assert pacer.limit == pytest.approx(half, rel=0.05)
    pacer.wait_s(10_000.0)
    assert pacer.limit == 0


@pytest.mark.parametrize(("max_tps", "slowest"), [(100, 1), (1, 1)])
def test_a_throttled_link_never_stops_asking(max_tps: int, slowest: float) -> None:
    pacer = Pacer(max_tps)
    for second in range(0, 60, 2):
        pacer.throttled(float(second))
    assert pacer.limit == slowest


def test_rest_does_not_save_up_a_burst() -> None:
    pacer = Pacer(100)
    pacer.take(1.0)
    assert sent_within(pacer, seconds=0.0001, step_s=0.001) <= 6
