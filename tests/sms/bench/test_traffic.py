"""The bench's customer, carrier and receiver, each against somebody else's code."""

import asyncio
import http.client
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command

from sms.bench.traffic import table
from sms.bench.traffic.program import Program
from sms.bench.traffic.runs import RUNS, Result
from sms.bench.traffic.weight import weigh
from sms.transports.simulator.receiver import CallbackReceiver, Received, Reply
from sms.transports.smpp.codec import BindTransceiver
from sms.transports.smpp.receipts import ReceiptRules, parse_receipt
from tests.fakes.esme import Esme, submit


def ask(name: str) -> Program:
    return Program(f"sms.bench.traffic.{name}")


@pytest.fixture
def carrier() -> Iterator[Program]:
    with ask("carrier") as program:
        yield program


def test_the_carrier_answers_submits_and_brings_their_receipts(carrier: Program) -> None:
    port = carrier.ask("port")
    carrier.ask("reset", receipts=True)

    async def send() -> Esme:
        _, esme = await asyncio.get_running_loop().create_connection(Esme, "127.0.0.1", port)
        esme.ask(BindTransceiver(system_id="demo", password="secret"))
        await esme.until(lambda: esme.is_bound)
        silent = submit("15551230003", registered_delivery=0)
        esme.ask(submit("15551230001"), submit("15551230002"), submit("15551230002"), silent)
        await esme.until(lambda: len(esme.answers) == 4 and len(esme.delivered) == 3)
        return esme

    esme = asyncio.run(send())
    assert esme.statuses == [0] * 4
    receipts = [
        parse_receipt(
            esm_class=pdu.esm_class, text=pdu.short_message, tlvs=pdu.tlvs, rules=ReceiptRules()
        )
        for pdu in esme.delivered
    ]
    assert len({receipt.remote_id for receipt in receipts if receipt}) == 3
    stats = carrier.ask("stats")
    assert (stats["submits"], stats["messages"], stats["acknowledged"]) == (4, 3, 3)


def test_the_receiver_remembers_what_it_was_told_in_order() -> None:
    with ask("receiver") as receiver:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.ask("port"))
        for sid, status in (("a", "sent"), ("b", "delivered"), ("a", "delivered"), ("b", "sent")):
            connection.request("POST", "/", urlencode({"MessageSid": sid, "MessageStatus": status}))
            assert connection.getresponse().read() == b""
        stats = receiver.ask("stats")
        assert (stats["callbacks"], stats["messages"]) == (4, 2)
        assert stats["orders"] == [["delivered", "sent"], ["sent", "delivered"]]


def test_the_customer_posts_each_message_once_and_counts_the_answers() -> None:
    def refuse_one(request: Received) -> Reply:
        return Reply(429 if request.fields["Body"] == "bench message 7" else 200, b"{}")

    server = CallbackReceiver(reply=refuse_one)
    server.start()
    try:
        with ask("customer") as customer:
            posted = customer.ask(
                "post",
                port=int(server.url.rsplit(":")[-1].strip("/")),
                path="/Messages.json",
                authorization="Basic eDp5",
                form={"From": "1"},
                count=20,
                connections=4,
            )
    finally:
        server.close()
    assert posted["answers"] == {"200": 19, "429": 1}
    assert 0 < posted["p50_s"] <= posted["p99_s"] < posted["ended_at"] - posted["started_at"]
    assert len({request.fields["To"] for request in server.received}) == 20


def test_a_process_weighs_what_it_holds_and_has_used(carrier: Program) -> None:
    carrier.ask("port")  # by now it has begun
    weight = weigh([carrier.pid])
    assert weight.cpu_s > 0
    assert 5 < weight.memory_mb < 500
    assert weigh([]) == (0, 0)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--messages", "0"), "at least 1"),
        (("--repeats", "-1"), "at least 1"),
        (("--minutes", "-1"), "at least 0"),
        (("--only", "nonsense"), "No load has 'nonsense' in its name: 1 connection, "),
    ],
)
def test_what_would_measure_nothing_is_refused(words: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        call_command("bench", *words)


def test_a_row_leaves_out_what_was_no_part_of_its_run() -> None:
    result = Result(
        accepts=None,
        p99_ms=None,
        submits=4321.4,
        callbacks=None,
        cpu_s_per_1000=0.505,
        memory_mb=512.2,
        messages=10_000,
        lost=0,
        doubled=1,
        callbacks_amiss=0,
    )
    cells = table.row(RUNS[-1].name, result).removeprefix(RUNS[-1].name).split()
    assert cells == ["-", "-", "4,321", "-", "0.51", "512", "10,000", "0", "1", "0"]
    assert len(table.head()) == len(table.row("", result))
