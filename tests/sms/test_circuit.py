"""The circuit of a link: what opens it, what closes it, and that workers agree on it."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from sms import circuit
from sms.circuit import Answer, Breaker, Result, Rules, Tally, answers
from sms.errors import ErrorCode
from sms.lifecycle import CircuitState
from sms.models import Health, Link
from sms.transports.base import Accepted, Fault, OutcomeUnknown, TransportError
from sms.transports.smpp.status import failure_for

GOOD, ERROR, SILENCE = Answer.GOOD, Answer.ERROR, Answer.SILENCE
TAKEN = Accepted("1", "1")
SILENT = OutcomeUnknown("no answer within 10 s")
CUT = OutcomeUnknown("connection lost before the answer", fault=Fault.LINE)
UNSENT = TransportError(ErrorCode.UNKNOWN, permanent=False, raw="lost", fault=Fault.LINE)
SYSTEM_ERROR, THROTTLED, NO_SUCH_NUMBER = (failure_for(s) for s in (0x08, 0x58, 0x0B))
QUEUE_FULL, ABSENT = failure_for(0x14), failure_for(0x64)
RULES = Rules(errors=4, unanswered=3, percent=50, window=10, open_s=30, probes=2)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([ERROR] * 3, ""),
        ([ERROR] * 4, "4 errors in a row"),
        ([ERROR] * 3 + [GOOD] + [ERROR] * 3, ""),
        ([SILENCE] * 2, ""),
        ([SILENCE] * 3, "3 without an answer in a row"),
        ([SILENCE, ERROR, SILENCE], ""),
        ([SILENCE, SILENCE, ERROR, SILENCE], "4 errors in a row"),
        ([ERROR, GOOD] * 4, ""),
        ([ERROR, GOOD] * 5, "5 errors among the last 10 answers"),
        ([GOOD] * 10 + [ERROR, GOOD] * 4, ""),
        ([ERROR, GOOD] * 4 + [GOOD] * 10, ""),
    ],
)
def test_what_opens_a_circuit(said: list[Answer], reason: str) -> None:
    tally = Tally(RULES)
    assert next(filter(None, map(tally.add, said)), "") == reason


@pytest.mark.parametrize("said", [[ERROR] * 50, [SILENCE] * 50, [ERROR, GOOD] * 50])
def test_nought_is_never(said: list[Answer]) -> None:
    tally = Tally(Rules(errors=0, unanswered=0, percent=0, window=10))
    assert not any(map(tally.add, said))


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([TAKEN], [GOOD]),
        ([SYSTEM_ERROR, QUEUE_FULL], [ERROR, ERROR]),
        ([NO_SUCH_NUMBER, ABSENT, THROTTLED], [GOOD, GOOD, GOOD]),
        ([SILENT, SILENT], [SILENCE, SILENCE]),
        ([CUT] * 10 + [UNSENT] * 5, [SILENCE]),
        ([UNSENT], []),
    ],
)
def test_what_outcomes_say_of_the_peer(results: list[Result], said: list[Answer]) -> None:
    assert answers(results) == said


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit, "LOOK_S", 0.0)


def breaker(link: Link, worker: str = "one") -> Breaker:
    return Breaker(link.id, RULES, worker=worker)


def hear(one: Breaker, *results: Result) -> None:
    one.count(results)
    one.settle()


def is_due() -> None:
    Health.objects.update(retry_at=Now() - timedelta(seconds=1))


def wait_s(link: Link) -> float:
    health = Health.objects.get(link=link)
    assert health.retry_at
    return (health.retry_at - health.changed_at).total_seconds()


@pytest.mark.django_db
def test_it_opens_tries_and_closes_by_itself(link: Link) -> None:
    one = breaker(link)
    assert one.allowance() is None
    hear(one, *[SYSTEM_ERROR] * 4)
    health = Health.objects.get(link=link)
    assert (health.circuit, health.reason) == (CircuitState.OPEN, "4 errors in a row")
    assert one.allowance() == 0
    is_due()
    assert one.allowance() == 2
    one.took(2)
    assert one.allowance() == 0
    hear(one, TAKEN)
    assert one.allowance() == 0
    hear(one, TAKEN)
    health.refresh_from_db()
    assert (health.circuit, health.reason, health.openings) == (CircuitState.CLOSED, "", 0)
    assert one.allowance() is None


@pytest.mark.django_db
def test_a_well_link_writes_nothing(link: Link) -> None:
    one = breaker(link)
    hear(one, *[TAKEN] * 100, *[SYSTEM_ERROR] * 3, TAKEN)
    assert not Health.objects.exists()


@pytest.mark.django_db
def test_a_probe_that_fails_opens_it_for_twice_as_long(link: Link) -> None:
    one = breaker(link)
    hear(one, *[SYSTEM_ERROR] * 4)
    waits = [wait_s(link)]
    for _ in range(6):
        is_due()
        assert one.allowance() == 2
        hear(one, TAKEN, SILENT)
        waits.append(wait_s(link))
    assert waits == pytest.approx([30, 60, 120, 240, 480, 480, 480], abs=2)


@pytest.mark.django_db
def test_workers_of_one_link_agree(link: Link) -> None:
    one, two = breaker(link), breaker(link, "two")
    assert one.allowance() is None and two.allowance() is None
    hear(one, *[SYSTEM_ERROR] * 4)
    assert two.allowance() == 0
    is_due()
    assert (one.allowance(), two.allowance()) == (2, 0)
    hear(two, *[SYSTEM_ERROR] * 9)  # stragglers of one that does not probe decide nothing
    assert Health.objects.get().circuit == CircuitState.HALF_OPEN
    hear(one, TAKEN, TAKEN)
    assert two.allowance() is None


@pytest.mark.django_db
def test_a_worker_that_dies_while_it_probes_is_succeeded(link: Link) -> None:
    one, two = breaker(link), breaker(link, "two")
    hear(one, *[SYSTEM_ERROR] * 4)
    is_due()
    assert (one.allowance(), two.allowance()) == (2, 0)
    is_due()  # one has not been heard of for too long
    assert two.allowance() == 2
    hear(one, *[SYSTEM_ERROR] * 2)
    assert Health.objects.get().circuit == CircuitState.HALF_OPEN
    hear(two, TAKEN, TAKEN)
    assert Health.objects.get().circuit == CircuitState.CLOSED


@pytest.mark.django_db
def test_it_closes_also_where_there_is_little_to_send(link: Link) -> None:
    one = breaker(link)
    hear(one, *[SYSTEM_ERROR] * 4)
    for _ in range(2):  # one probe in each of two turns
        is_due()
        assert one.allowance() == 2
        one.took(1)
        hear(one, TAKEN)
    assert Health.objects.get().circuit == CircuitState.CLOSED
