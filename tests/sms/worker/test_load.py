"""How busy a link is, for its slot's row."""

import pytest

from sms import slots
from sms.errors import ErrorCode
from sms.models import Link, Slot
from sms.slots import Load
from sms.transports.base import Accepted, Outcome, OutcomeUnknown, TransportError
from sms.worker.load import KEPT, LoadMeter

YES = Accepted("1", "1")


def no(words: str) -> TransportError:
    return TransportError(ErrorCode.UNKNOWN, permanent=True, raw=words)


def outcomes(*results: Accepted | TransportError | OutcomeUnknown) -> list[Outcome]:
    return [Outcome(key, result) for key, result in enumerate(results)]


def test_answers_a_second_are_those_since_the_last_reading() -> None:
    now = iter([10.0, 14.0, 15.0])
    meter = LoadMeter(clock=lambda: next(now))
    meter.count(outcomes(YES, YES))
    meter.count(outcomes(*[YES] * 8))
    assert meter.read(3) == Load(in_flight=3, throughput=2.5, errors=None)
    assert meter.read(0) == Load(in_flight=0, throughput=0.0, errors=None)


def test_refusals_are_kept_by_their_words_the_newest_first() -> None:
    meter = LoadMeter()
    meter.count(outcomes(no("throttled"), YES, OutcomeUnknown("silence"), no("throttled")))
    errors = meter.read(0).errors or []
    assert [(e["words"], e["times"]) for e in errors] == [("throttled", 2), ("silence", 1)]
    assert meter.read(0).errors is None  # nothing new
    meter.count(outcomes(*(no(f"error {n}") for n in range(KEPT))))
    errors = meter.read(0).errors or []
    assert [e["words"] for e in errors] == [f"error {n}" for n in reversed(range(KEPT))]


@pytest.mark.django_db
def test_a_renewal_tells_the_load_and_keeps_errors_until_there_are_new_ones(link: Link) -> None:
    slot = slots.take(link_id=link.id, owner="a", binds=1)
    load = Load(in_flight=4, throughput=1.5, errors=[{"words": "no", "times": 1, "at": "now"}])
    assert slots.renew(slot, owner="a", load=load)
    assert slots.renew(slot, owner="a", load=Load(in_flight=2, throughput=0.5))
    row = Slot.objects.get()
    assert (row.in_flight, row.throughput, row.errors) == (2, 0.5, load.errors)
    slots.release(slot, owner="a")
    row.refresh_from_db()
    assert (row.in_flight, row.throughput, row.errors) == (0, 0.0, load.errors)
