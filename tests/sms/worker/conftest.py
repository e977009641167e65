"""A carrier, a link to it, and pumps that run in threads."""

import time
from collections.abc import Callable, Iterator

import pytest

from sms.lifecycle import LinkState
from sms.models import Link, Slot
from sms.worker.link_pump import LinkPump
from tests.fakes.carrier import Carrier

PATIENCE_S = 20.0
Start = Callable[[], LinkPump]


def until(what: str, condition: Callable[[], object]) -> None:
    """Look again and again until a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def is_up(count: int = 1) -> bool:
    """Say whether so many slots have their connections up."""
    return Slot.objects.filter(state=LinkState.UP).count() == count


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    with Carrier() as carrier:
        yield carrier


@pytest.fixture
def link(db: None, carrier: Carrier) -> Link:
    return Link.objects.create(
        name="carrier", host="127.0.0.1", port=carrier.port, system_id="me", response_timeout_s=1
    )


@pytest.fixture
def start(link: Link) -> Iterator[Start]:
    """Start a worker's pump of the link."""
    pumps: list[LinkPump] = []

    def start_one() -> LinkPump:
        pumps.append(pump := LinkPump(link.name))
        pump.start()
        return pump

    yield start_one
    for pump in pumps:
        pump.stop(PATIENCE_S)
