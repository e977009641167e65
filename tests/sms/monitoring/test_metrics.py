"""What Prometheus reads: counts of all processes together, and queues as they stand."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from sms import meters, outbox, receive, slots
from sms.errors import ErrorCode
from sms.lifecycle import LinkState, Status
from sms.models import Callback, Count, Link, Segment
from sms.monitoring import metrics, recorder
from sms.outbox import Move
from sms.transports.base import OutcomeUnknown, Receipt, TransportError
from tests.fakes.shell import manage
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh(transactional_db: None) -> Iterator[None]:
    """Begin without what threads of earlier tests have counted, and written down since."""
    meters.take()
    Count.objects.all().delete()
    yield
    meters.take()


def scrape() -> dict[str, float]:
    """Write down what was counted, and read everything, as `name{label="value"}`."""
    recorder.record()
    metrics.forget()
    answer = Browser().get("/metrics")
    assert answer.status_code == 200
    read = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            read[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return read


def test_processes_count_together() -> None:
    for _ in range(2):  # as two would, each with what it has seen
        meters.ACCEPTED.count("outbound-api", by=3)
        recorder.record()
    assert scrape()['cpaas_messages_accepted_total{direction="outbound-api"}'] == 6


def test_a_timer_tells_its_buckets_cumulated() -> None:
    for seconds in (0.004, 0.005, 0.3, 99.0):
        meters.CALLBACK_TOOK.observe(seconds)
    read = scrape()
    buckets = {
        key.split('"')[1]: value for key, value in read.items() if "callback_seconds_b" in key
    }
    assert (buckets["0.005"], buckets["0.25"], buckets["0.5"], buckets["+Inf"]) == (2, 2, 3, 4)
    assert read["cpaas_callback_seconds_count"] == 4
    assert read["cpaas_callback_seconds_sum"] == pytest.approx(99.309)


def test_counts_outlive_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise DatabaseError("away")

    meters.CALLBACKS.count("kept")
    with monkeypatch.context() as context:
        context.setattr(outbox, "add_counts", refuse)
        recorder.record()
    assert scrape()['cpaas_callbacks_total{outcome="kept"}'] == 1


def test_a_message_is_counted_on_its_way(
    bench: Bench, link: Link, make_message: MakeMessage
) -> None:
    make_message()
    bench.turn()
    segment = Segment.objects.get()
    receipt = Receipt(
        remote_id=segment.remote_id,
        remote_keys=(segment.remote_key,),
        status=Status.DELIVERED,
        code=None,
        raw="stat:DELIVRD",
    )
    receive.receipts([receipt], link_id=link.id)
    read = scrape()
    answered = 'cpaas_submits_total{answer="accepted",link="carrier",outcome="accepted"}'
    assert read[answered] == 1
    assert read['cpaas_messages_total{error_code="",status="sent"}'] == 1
    assert read['cpaas_messages_total{error_code="",status="delivered"}'] == 1
    assert read['cpaas_receipts_total{known="yes",link="carrier",status="delivered"}'] == 1
    for timer in ("sent", "delivered"):
        assert read[f'cpaas_message_{timer}_seconds_count{{link="carrier"}}'] == 1
        assert 0 <= read[f'cpaas_message_{timer}_seconds_sum{{link="carrier"}}'] < 60


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ("ESME_RINVDSTADR", "ESME_RINVDSTADR"),
        ("404 Not Found", "404"),
        ("not sent: peer 10.0.0.1 says anything at all", "other"),
    ],
)
def test_a_refusal_is_counted_by_the_protocols_word_alone(
    raw: str, word: str, link: Link, make_message: MakeMessage
) -> None:
    refusal = TransportError(ErrorCode.UNKNOWN_HANDSET, permanent=True, raw=raw)
    make_message()
    Bench(link, answer=lambda _: refusal).turn()
    read = scrape()
    assert read[f'cpaas_submits_total{{answer="{word}",link="carrier",outcome="refused"}}'] == 1
    assert read['cpaas_messages_total{error_code="30005",status="failed"}'] == 1


def test_silence_is_counted(link: Link, make_message: MakeMessage) -> None:
    make_message()
    Bench(link, answer=lambda _: OutcomeUnknown("no answer")).turn()
    read = scrape()
    assert read['cpaas_submits_total{answer="other",link="carrier",outcome="unanswered"}'] == 1
    assert read['cpaas_messages_total{error_code="30090",status="failed"}'] == 1


def test_what_was_rolled_back_is_not_counted(make_message: MakeMessage) -> None:
    message = make_message()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.record(moves=[Move(message.id, Status.SENT)])
        raise ZeroDivisionError
    assert 'cpaas_messages_total{error_code="",status="sent"}' not in scrape()


def test_queues_tell_their_depth_and_how_late_they_are(
    link: Link, make_message: MakeMessage
) -> None:
    make_message(due_at=timezone.now() - timedelta(seconds=90))
    make_message(due_at=timezone.now() + timedelta(hours=1))
    held_until = timezone.now() + timedelta(seconds=30)
    make_message(locked_by="worker", locked_until=held_until)
    make_message(link=None)
    read = scrape()
    assert read['cpaas_queue_messages{link="carrier",state="waiting"}'] == 2
    assert read['cpaas_queue_messages{link="carrier",state="claimed"}'] == 1
    assert read['cpaas_queue_messages{link="",state="waiting"}'] == 1
    assert 89 < read['cpaas_queue_age_seconds{link="carrier"}'] < 150


def test_an_empty_queue_tells_that_it_is(link: Link) -> None:
    read = scrape()
    for name in ("carrier", ""):
        for state in ("waiting", "claimed"):
            assert read[f'cpaas_queue_messages{{link="{name}",state="{state}"}}'] == 0
        assert read[f'cpaas_queue_age_seconds{{link="{name}"}}'] == 0


def test_callbacks_tell_their_backlog(make_message: MakeMessage) -> None:
    message = make_message()
    values = {"message": message, "account": message.account, "status": "sent", "url": "http://x"}
    ago = timezone.now() - timedelta(seconds=60)
    Callback.objects.create(**values, event=1, due_at=ago)
    Callback.objects.create(**values, event=2, due_at=timezone.now() + timedelta(hours=1))
    read = scrape()
    assert read['cpaas_callbacks_pending{state="due"}'] == 1
    assert read['cpaas_callbacks_pending{state="later"}'] == 1
    assert read['cpaas_callbacks_pending{state="posting"}'] == 0
    assert 59 < read["cpaas_callbacks_age_seconds"] < 120


def test_links_tell_their_binds(link: Link) -> None:
    read = scrape()
    assert read['cpaas_link_up{link="carrier"}'] == 0
    assert read['cpaas_link_binds{link="carrier",state="up"}'] == 0
    slot = slots.take(link_id=link.id, owner="worker", binds=1)
    assert slot
    slots.tell(slot, owner="worker", state=LinkState.UP, detail="")
    read = scrape()
    assert read['cpaas_link_up{link="carrier"}'] == 1
    assert read['cpaas_link_binds{link="carrier",state="up"}'] == 1


def test_requests_are_counted_by_door_and_answer() -> None:
    Browser().get("/2012-04-24/Accounts.json")
    Browser().generic("BREW", "/2012-04-24/Accounts.json")
    read = scrape()
    assert read['cpaas_http_requests_total{door="api",method="GET",status="401"}'] == 1
    assert read['cpaas_http_requests_total{door="api",method="other",status="401"}'] == 1
    assert read['cpaas_http_request_seconds_count{door="api"}'] == 2


def test_what_an_older_release_counted_otherwise_is_left_out() -> None:
    outbox.add_counts({("cpaas_submits", ("1",), ""): 1.0, ("cpaas_gone", (), ""): 1.0})
    assert not [key for key in scrape() if "submits" in key or "gone" in key]


def test_metrics_are_for_those_near_by() -> None:
    assert Browser(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 403


def test_a_recorder_writes_down_the_rest_when_it_stops() -> None:
    recorder.start()
    meters.CALLBACKS.count("failed")
    recorder.stop()
    assert not meters.take()
    assert scrape()['cpaas_callbacks_total{outcome="failed"}'] == 1


def test_a_child_that_ends_writes_down_what_it_has_counted(tmp_path: Path) -> None:
    code = (
        "import multiprocessing, django; django.setup()\n"
        "from sms import meters; from sms.monitoring import recorder\n"
        "def work(): recorder.start(); meters.CALLBACKS.count('failed')\n"
        "child = multiprocessing.get_context('fork').Process(target=work)\n"
        "child.start(); child.join()\n"
    )
    shell = manage("shell", "-v", "0", "-c", code, DATA_DIR=str(tmp_path))
    assert shell.returncode == 0, shell.stderr
    assert scrape()['cpaas_callbacks_total{outcome="failed"}'] == 1
