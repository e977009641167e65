"""A link's pumps follow its row: orders, settings, binds. No supervisor is there."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import PhoneNumber
from sms import operate, receive
from sms.lifecycle import FINAL, LinkState, SegmentState
from sms.models import Link, Message, Segment, Slot
from sms.worker.link_pump import LinkPump
from tests.fakes.carrier import Carrier
from tests.sms.conftest import MakeMessage
from tests.sms.worker.conftest import PATIENCE_S, Start, is_up, until

pytestmark = [pytest.mark.sockets, pytest.mark.django_db(transaction=True)]

Ordered = Callable[..., None]


def states() -> list[str]:
    return list(Slot.objects.order_by("number").values_list("state", flat=True))


def all_delivered() -> bool:
    receive.join_parked()  # a receipt over one bind may be ahead of the answer over another
    return not Message.objects.exclude(status="delivered").exists()


@pytest.fixture
def pumps(start: Start) -> list[LinkPump]:
    """One worker, bound."""
    started = [start()]
    until("the bind", is_up)
    return started


@pytest.fixture
def ordered(link: Link, pumps: list[LinkPump]) -> Ordered:
    """Give an order, or change columns, and have every worker look."""

    def give(name: str = "", **columns: Any) -> None:
        if columns:
            Link.objects.filter(id=link.id).update(**columns)
        if name:
            link.refresh_from_db()
            operate.order(link, name)
        for pump in pumps:
            pump.heed()

    return give


def test_a_paused_link_stays_bound_and_sends_nothing_until_it_is_resumed(
    ordered: Ordered, make_message: MakeMessage, number: PhoneNumber, carrier: Carrier
) -> None:
    carrier.turn("receipt_delay_ms", 700)
    make_message(recipient="15550000001")
    ordered()
    until("the submit", lambda: carrier.stats()["submits"] == 1)
    ordered("pause")
    until("the pause", lambda: states() == [LinkState.PAUSED])
    assert Slot.objects.get().detail == "bound to simulator"
    waits = make_message(recipient="15550000002")
    carrier.send_inbound(sender="15551230000", recipient=number.key, text="Still there?")
    until("the receipt of what was sent before", lambda: carrier.stats()["receipts_acked"] == 1)
    until("what a handset sent", lambda: carrier.stats()["mo_acked"] == 1)
    ordered()
    time.sleep(0.3)
    waits.refresh_from_db()
    assert (waits.status in FINAL, waits.locked_by, carrier.stats()["submits"]) == (False, "", 1)
    ordered("resume")
    until("delivery", lambda: Message.objects.filter(status="delivered").count() == 2)
    assert carrier.stats()["binds_total"] == 1


def test_a_pause_takes_back_what_has_not_left(
    ordered: Ordered, make_message: MakeMessage, carrier: Carrier
) -> None:
    carrier.turn("latency_ms", 200)
    for n in range(60):
        make_message(recipient=f"1555{n:07}", body=f"Hello {n}")
    ordered(max_tps=20)
    until("the first submits", lambda: carrier.stats()["submits"] >= 3)
    ordered("pause")
    until("the pause", lambda: states() == [LinkState.PAUSED])
    in_flight = Segment.objects.filter(state=SegmentState.SUBMITTING)
    until("their answers", lambda: not in_flight.exists())
    seen = carrier.stats()["submits"]
    assert seen < 60
    time.sleep(0.3)
    assert carrier.stats()["submits"] == seen
    ordered("resume", max_tps=0)
    until("delivery", all_delivered)
    assert carrier.stats()["duplicates"] == 0 and carrier.stats()["submits"] == 60


def test_a_drained_link_waits_for_its_answers_and_stays_away(
    ordered: Ordered, make_message: MakeMessage, carrier: Carrier
) -> None:
    carrier.turn("latency_ms", 400)
    for n in range(5):
        make_message(recipient=f"1555{n:07}")
    ordered()
    until("the submits", lambda: carrier.stats()["submits"] == 5)
    ordered("drain")
    until("the wait", lambda: states() == [LinkState.DRAINING])
    until("the farewell", lambda: states() == [LinkState.DRAINED])
    assert carrier.stats()["binds"] == 0
    assert not Segment.objects.filter(state=SegmentState.SUBMITTING).exists()
    make_message(recipient="15550000009")
    ordered()
    time.sleep(0.3)
    assert carrier.stats()["binds_total"] == 1
    ordered("resume")
    until("delivery", all_delivered)
    assert carrier.stats()["duplicates"] == 0


def test_a_drain_can_be_called_off(
    ordered: Ordered, make_message: MakeMessage, carrier: Carrier
) -> None:
    carrier.turn("latency_ms", 700)
    make_message()
    ordered()
    until("the submit", lambda: carrier.stats()["submits"] == 1)
    ordered("drain")
    until("the wait", lambda: states() == [LinkState.DRAINING])
    ordered("resume")
    until("its end", lambda: states() == [LinkState.UP])
    until("delivery", all_delivered)
    assert carrier.stats()["binds_total"] == 1


def test_a_rebind_sends_nothing_twice(
    ordered: Ordered, make_message: MakeMessage, carrier: Carrier
) -> None:
    carrier.turn("latency_ms", 50)
    for n in range(80):
        make_message(recipient=f"1555{n:07}", body=f"Hello {n}")
    ordered()
    until("the first submits", lambda: carrier.stats()["submits"] >= 10)
    ordered("rebind")
    until("the other bind", lambda: carrier.stats()["binds_total"] == 2)
    until("delivery", all_delivered)
    assert carrier.stats()["duplicates"] == 0 and carrier.stats()["binds"] == 1


LIVE: list[dict[str, Any]] = [
    {"max_tps": 5},
    {"window_size": 3},
    {"enquire_link_s": 5, "response_timeout_s": 3},
    {"source_ton": 5, "status_overrides": {"0x0B": {"code": 30004}}},
    {"on_unanswered": "resend"},
]


@pytest.mark.parametrize("columns", LIVE)
def test_what_needs_no_new_connection_is_taken_over_while_it_runs(
    ordered: Ordered,
    pumps: list[LinkPump],
    make_message: MakeMessage,
    carrier: Carrier,
    columns: dict[str, Any],
) -> None:
    ordered(**columns)
    until("the look", lambda: pumps[0]._looked > 0)
    make_message(recipient="15551230005")
    ordered()
    until("its end", lambda: Message.objects.get().status in FINAL)
    expected = 30004 if "status_overrides" in columns else 30005
    assert Message.objects.get().error_code == expected
    assert carrier.stats()["binds_total"] == 1


def test_a_lower_rate_holds_at_once(
    ordered: Ordered, make_message: MakeMessage, carrier: Carrier
) -> None:
    ordered("pause")
    until("the pause", lambda: states() == [LinkState.PAUSED])  # or some go before the order
    for n in range(40):
        make_message(recipient=f"1555{n:07}", body=f"Hello {n}")
    ordered("resume", max_tps=5)
    until("the first submits", lambda: carrier.stats()["submits"] >= 2)
    first, began = carrier.stats()["submits"], time.monotonic()
    until("more", lambda: carrier.stats()["submits"] >= first + 8)
    assert time.monotonic() - began > 1.2
    ordered(max_tps=0)
    until("the rest at once", all_delivered)
    assert time.monotonic() - began < 6
    assert Slot.objects.get().tps == 0


@pytest.mark.parametrize(
    "columns", [{"system_id": "you"}, {"password": "other"}, {"bind_mode": "pair"}]
)
def test_another_login_is_used_on_a_new_connection(
    ordered: Ordered, carrier: Carrier, columns: dict[str, Any]
) -> None:
    ordered(**columns)
    until("the other bind", lambda: carrier.stats()["binds_total"] >= 2 and is_up())


def test_a_link_that_is_disabled_is_left_by_a_worker_that_runs_alone(
    ordered: Ordered, make_message: MakeMessage, carrier: Carrier
) -> None:
    ordered("disable")
    until("the farewell", lambda: carrier.stats()["binds"] == 0)
    until("the slot", lambda: states() == [LinkState.STOPPED] and not Slot.objects.get().owner)
    make_message()
    ordered("enable")
    until("delivery", all_delivered)
    assert carrier.stats()["binds_total"] == 2


def test_binds_share_the_work_and_come_and_go_while_it_runs(
    start: Start,
    pumps: list[LinkPump],
    ordered: Ordered,
    make_message: MakeMessage,
    carrier: Carrier,
) -> None:
    carrier.turn("latency_ms", 30)
    pumps.append(start())
    until("the second place", lambda: states() == [LinkState.UP, LinkState.STANDBY])
    ordered(binds=2, max_tps=100)
    until("both binds", lambda: is_up(2))
    assert carrier.stats()["binds"] == 2
    until("even parts", lambda: list(Slot.objects.values_list("tps", flat=True)) == [50, 50])
    for n in range(100):
        make_message(recipient=f"1555{n:07}", body=f"Hello {n}")
    ordered()
    until("delivery", all_delivered)
    ordered(binds=1)
    until("one bind", lambda: states() == [LinkState.UP, LinkState.STANDBY])
    until("the whole rate", lambda: Slot.objects.get(number=1).tps == 100)
    assert carrier.stats()["binds"] == 1
    pumps[0].stop(PATIENCE_S)
    until("the take-over", lambda: states() == [LinkState.UP])
    assert carrier.stats()["duplicates"] == 0


def test_two_binds_together_keep_to_the_links_rate(
    start: Start,
    pumps: list[LinkPump],
    ordered: Ordered,
    make_message: MakeMessage,
    carrier: Carrier,
) -> None:
    ordered(binds=2, max_tps=20)
    pumps.append(start())
    until("both binds", lambda: is_up(2))
    for n in range(60):
        make_message(recipient=f"1555{n:07}", body=f"Hello {n}")
    began = time.monotonic()
    ordered()
    until("delivery", all_delivered)
    assert 2.0 < time.monotonic() - began < 8


def test_a_receipt_may_come_over_another_bind(
    start: Start,
    pumps: list[LinkPump],
    ordered: Ordered,
    make_message: MakeMessage,
    carrier: Carrier,
) -> None:
    carrier.turn("receipt_delay_ms", 600)
    ordered(binds=2)
    pumps.append(start())
    until("both binds", lambda: is_up(2))
    for n in range(10):
        make_message(recipient=f"1555{n:07}")
    ordered()
    until("the submits", lambda: carrier.stats()["accepted"] == 10)
    pumps[0].stop(PATIENCE_S)
    until("delivery over what is left", all_delivered)
