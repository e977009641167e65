import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from sms.lifecycle import Status
from sms.text import decode
from sms.transports.simulator.control import Control
from sms.transports.simulator.intake import Throttle
from sms.transports.simulator.knobs import Knobs
from sms.transports.simulator.mailbox import LIMIT, MAX_TRIES, Delivery, Mailbox
from sms.transports.simulator.smsc import Smsc
from sms.transports.smpp.codec import (
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    QuerySm,
    SubmitSm,
    SubmitSmResp,
)
from sms.transports.smpp.receipts import ReceiptRules, parse_receipt
from sms.transports.smpp.session import State
from tests.fakes.esme import WAIT_S, connect, submit

ROOT = Path(__file__).parents[4]
QUICK = {"receipt_delay_ms": 0}


def with_smsc(
    scenario: Callable[[Smsc], Coroutine[Any, Any, None]],
    *,
    knobs: dict[str, int] | None = None,
    **config: Any,
) -> Smsc:
    """Run a scenario against a simulator on a port of its own."""

    async def run() -> Smsc:
        smsc = Smsc(knobs=Knobs(**(QUICK | (knobs or {}))), **config)
        await smsc.start()
        try:
            await scenario(smsc)
        finally:
            await smsc.stop()
        return smsc

    return asyncio.run(run())


SAME = ReceiptRules(id_form="same")


def status_of(pdu: DeliverSm) -> tuple[Status | None, int | None, str]:
    """Read a receipt as our link does."""
    fields = parse_receipt(
        esm_class=pdu.esm_class,
        text=pdu.short_message,
        tlvs=pdu.tlvs,
        rules=ReceiptRules(id_form="same"),
    )
    assert fields is not None
    return fields.status, fields.code, fields.remote_id


@pytest.mark.parametrize(
    ("destination", "status", "code"),
    [
        ("15551234567", Status.DELIVERED, None),
        ("15551300031", Status.DELIVERED, None),
        ("15551230000", Status.DELIVERED, None),
        ("15551230010", Status.DELIVERED, None),
        ("1555130003", Status.UNDELIVERED, 30003),
        ("30004", Status.FAILED, 30004),
        ("1555130008", Status.UNDELIVERED, 30008),
    ],
)
def test_a_destination_chooses_its_receipt(
    destination: str, status: Status, code: int | None
) -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        esme.ask(submit(destination))
        await esme.until(lambda: esme.delivered)
        answer, receipt = esme.answers[0], esme.delivered[0]
        assert isinstance(answer, SubmitSmResp)
        assert status_of(receipt) == (status, code, answer.message_id)
        by_text = parse_receipt(
            esm_class=0, text=receipt.short_message, tlvs={}, rules=ReceiptRules(id_form="same")
        )
        assert by_text is not None
        assert (by_text.status, by_text.code) == (status, code)
        assert (receipt.source_addr, receipt.destination_addr) == (destination, "15005550006")

    smsc = with_smsc(scenario)
    assert (smsc.stats.accepted, smsc.stats.receipts_acked) == (1, 1)


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("1555130001", 0x14),
        ("1555130005", 0x0B),
        ("1555130006", 0xFE),
        ("1555130007", 0x0A),
    ],
)
def test_a_destination_chooses_its_answer(destination: str, status: int) -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        esme.ask(submit(destination), submit(destination), submit())
        await esme.until(lambda: esme.delivered)
        assert esme.statuses == [status, status, 0]

    assert with_smsc(scenario).stats.refused == 2


def test_30090_has_no_answer_and_delays_nobody() -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        esme.ask(submit("1555130090"), submit())
        await esme.until(lambda: esme.delivered)
        assert esme.statuses == [0]
        assert esme.session.open_count == 1

    assert with_smsc(scenario).stats.unanswered == 1


def test_a_receipt_quotes_twenty_characters_of_the_text_without_its_header() -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        text = bytes.fromhex("050003010201") + b"This is a text of thirty chars"
        esme.ask(submit(text=text, esm_class=0x40))
        await esme.until(lambda: esme.delivered)
        assert esme.delivered[0].short_message.endswith(b" text:This is a text of th")
        pattern = (
            rb"id:\d+ sub:001 dlvrd:001 submit date:\d{10} done date:\d{10} stat:DELIVRD err:000"
        )
        assert re.match(pattern, esme.delivered[0].short_message)

    with_smsc(scenario)


@pytest.mark.parametrize(("registered_delivery", "receipts"), [(0, 0), (1, 2), (2, 1), (0x10, 0)])
def test_receipts_come_as_registered(registered_delivery: int, receipts: int) -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        for destination in ("15551234567", "1555130003"):
            esme.ask(submit(destination, registered_delivery=registered_delivery))
        await esme.until(lambda: len(esme.answers) == 2)
        smsc.send_inbound(sender="1", recipient="2", text="last")
        await esme.until(lambda: esme.delivered[-1:] and esme.delivered[-1].esm_class == 0)
        assert len(esme.delivered) == receipts + 1

    with_smsc(scenario)


@pytest.mark.parametrize(
    ("bind", "status"),
    [
        (BindTransceiver(system_id="demo", password="secret"), None),
        (BindTransmitter(system_id="demo", password="secret"), None),
        (BindReceiver(system_id="demo", password="secret"), None),
        (BindTransceiver(system_id="demo", password="wrong"), 0x0E),
        (BindTransceiver(system_id="other", password="secret"), 0x0F),
    ],
    ids=repr,
)
def test_binds_need_the_password(bind: Bind, status: int | None) -> None:
    async def scenario(smsc: Smsc) -> None:
        assert (await connect(smsc, bind)).refused_with == status

    with_smsc(scenario, system_id="demo", password="secret")


def test_any_bind_is_taken_when_no_system_id_is_set() -> None:
    async def scenario(smsc: Smsc) -> None:
        assert (await connect(smsc, BindTransceiver(system_id="any", password="thing"))).is_bound
        assert (await connect(smsc, BindTransceiver())).is_bound
        assert smsc.snapshot()["binds"] == 2

    with_smsc(scenario)


def test_binds_are_refused_while_the_knob_says_so() -> None:
    async def scenario(smsc: Smsc) -> None:
        smsc.turn("refuse_binds", "0x0D")
        assert (await connect(smsc)).refused_with == 0x0D
        smsc.turn("refuse_binds", "0")
        assert (await connect(smsc)).is_bound

    assert with_smsc(scenario).stats.binds_refused == 1


def test_a_transmitter_submits_and_the_receiver_gets_the_receipt() -> None:
    async def scenario(smsc: Smsc) -> None:
        sender = await connect(smsc, BindTransmitter(system_id="demo"))
        receiver = await connect(smsc, BindReceiver(system_id="demo"))
        stranger = await connect(smsc, BindReceiver(system_id="other"))
        sender.ask(submit())
        await receiver.until(lambda: receiver.delivered)
        assert not sender.delivered
        assert not stranger.delivered

    with_smsc(scenario)


def test_a_receipt_waits_for_the_next_bind() -> None:
    async def scenario(smsc: Smsc) -> None:
        sender = await connect(smsc, BindTransmitter(system_id="demo"))
        sender.ask(submit(), submit())
        await sender.until(lambda: len(sender.answers) == 2)
        receiver = await connect(smsc, BindReceiver(system_id="demo"))
        await receiver.until(lambda: len(receiver.delivered) == 2)
        ids = [answer.message_id for answer in sender.answers if isinstance(answer, SubmitSmResp)]
        assert [status_of(pdu)[2] for pdu in receiver.delivered] == ids

    with_smsc(scenario)


def test_a_receipt_without_an_acknowledgement_comes_again_in_order_at_the_next_bind() -> None:
    async def scenario(smsc: Smsc) -> None:
        first = await connect(smsc)
        first.delivery_status = -1
        first.ask(*(submit() for _ in range(150)))
        await first.until(lambda: len(first.answers) == 150 and len(first.delivered) == 100)
        first.transport.abort()
        second = await connect(smsc)
        await second.until(lambda: len(second.delivered) == 150)
        ids = [answer.message_id for answer in first.answers if isinstance(answer, SubmitSmResp)]
        assert [status_of(pdu)[2] for pdu in second.delivered] == ids

    assert with_smsc(scenario).stats.receipts_acked == 150


def test_a_refused_receipt_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms.transports.simulator.smsc._RETRY_MS", 10)

    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        esme.delivery_status = 0x14
        esme.ask(submit())
        await esme.until(lambda: len(esme.delivered) == 2)
        esme.delivery_status = 0
        await esme.until(lambda: len(esme.delivered) == 3)
        await smsc.stop()
        assert len({pdu.short_message for pdu in esme.delivered}) == 1

    smsc = with_smsc(scenario)
    assert (smsc.stats.receipts_sent, smsc.stats.receipts_acked) == (3, 1)


def test_the_connection_drops_once_at_the_nth_submit_and_leaves_it_unanswered() -> None:
    async def scenario(smsc: Smsc) -> None:
        first = await connect(smsc)
        first.ask(submit(), submit())
        await first.until(lambda: len(first.answers) == 2)
        first.ask(submit())
        await first.until(lambda: first.is_gone)
        assert len(first.answers) == 2
        second = await connect(smsc)
        second.ask(*(submit() for _ in range(5)))
        # The message was taken all the same; its receipt shows it.
        await second.until(lambda: len(second.delivered) >= 6)
        assert second.statuses == [0] * 5

    assert with_smsc(scenario, knobs={"drop_after": 3}).stats.submits == 8


def test_submits_above_the_rate_are_throttled() -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        esme.ask(*(submit() for _ in range(20)))
        await esme.until(lambda: len(esme.answers) == 20)
        assert esme.statuses[:5] == [0] * 5
        assert 0x58 in esme.statuses

    smsc = with_smsc(scenario, knobs={"throttle": 5})
    assert smsc.stats.throttled == smsc.stats.refused > 0


def test_a_throttle_fills_up_again_with_time() -> None:
    throttle = Throttle()
    assert [throttle.passes(2, 100.0) for _ in range(3)] == [True, True, False]
    assert [throttle.passes(2, 100.5) for _ in range(2)] == [True, False]
    assert [throttle.passes(2, 900.0) for _ in range(3)] == [True, True, False]
    assert throttle.passes(0, 900.0)


def test_answers_and_receipts_are_late_by_their_knobs() -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        began = time.monotonic()
        esme.ask(submit(), submit("1555130005"))
        await esme.until(lambda: len(esme.answers) == 2)
        assert time.monotonic() - began >= 0.03
        await esme.until(lambda: esme.delivered)
        assert time.monotonic() - began >= 0.08

    with_smsc(scenario, knobs={"latency_ms": 30, "receipt_delay_ms": 50})


def test_a_message_that_comes_twice_counts_as_a_duplicate_once_taken() -> None:
    def part(number: int, reference: int) -> SubmitSm:
        return submit(text=bytes((5, 0, 3, reference, 2, number)) + b"same", esm_class=0x40)

    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        once = [part(1, 7), part(2, 7), submit(), submit("15551234568"), submit(text=b"Other")]
        refused = [submit("1555130005"), submit("1555130005")]
        again = [part(1, 9), submit(), submit("1555130090"), submit("1555130090")]
        esme.ask(*once, *refused, *again)
        await esme.until(lambda: len(esme.answers) == len(once + refused + again) - 2)

    assert with_smsc(scenario, knobs={"track": 1}).stats.duplicates == 3
    assert with_smsc(scenario).stats.duplicates == 0


def test_a_message_from_a_handset_waits_for_the_first_bind() -> None:
    async def scenario(smsc: Smsc) -> None:
        assert smsc.send_inbound(sender="+15550001111", recipient="7777", text="Hi €", times=2) == 2
        esme = await connect(smsc)
        await esme.until(lambda: len(esme.delivered) == 2)
        pdu = esme.delivered[0]
        assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == ("15550001111", 1, 1)
        assert (pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi) == ("7777", 3, 0)
        assert decode(pdu.short_message, pdu.data_coding) == "Hi €"

    assert with_smsc(scenario).stats.mo_acked == 2


@pytest.mark.parametrize(
    ("text", "parts", "data_coding"), [("long €" * 40, 2, 0), ("длинный 😀" * 30, 5, 8)]
)
def test_a_long_message_from_a_handset_comes_in_parts(
    text: str, parts: int, data_coding: int
) -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        assert smsc.send_inbound(sender="15550001", recipient="7777", text=text) == parts
        await esme.until(lambda: len(esme.delivered) == parts)
        assert {(pdu.esm_class, pdu.data_coding) for pdu in esme.delivered} == {(0x40, data_coding)}
        headers = [pdu.short_message[:6] for pdu in esme.delivered]
        assert [header[4:] for header in headers] == [bytes((parts, n + 1)) for n in range(parts)]
        assert len({header[:4] for header in headers}) == 1
        texts = (decode(pdu.short_message[6:], data_coding) for pdu in esme.delivered)
        assert "".join(texts) == text

    with_smsc(scenario)


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"times": 0}, "count"), ({"sender": "1" * 30}, "source_addr"), ({"recipient": "ж"}, "dest")],
)
def test_an_impossible_message_from_a_handset_is_refused(
    changed: dict[str, Any], words: str
) -> None:
    given = {"sender": "1", "recipient": "2", "text": "x"} | changed

    async def scenario(smsc: Smsc) -> None:
        with pytest.raises(ValueError, match=words):
            smsc.send_inbound(**given)

    assert with_smsc(scenario).snapshot()["waiting"] == 0


def test_a_request_it_does_not_serve_is_refused() -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        esme.ask(QuerySm(message_id="1"))
        await esme.until(lambda: esme.answers)
        assert esme.statuses == [0x03]

    with_smsc(scenario)


def test_stopping_unbinds() -> None:
    async def scenario(smsc: Smsc) -> None:
        esme = await connect(smsc)
        began = time.monotonic()
        await smsc.stop()
        await esme.until(lambda: esme.is_gone)
        assert esme.session.state is State.CLOSED
        assert time.monotonic() - began < 0.9

    with_smsc(scenario)


def test_a_mailbox_is_bounded() -> None:
    mailbox = Mailbox()
    for _ in range(LIMIT + 2):
        mailbox.add(Delivery(DeliverSm(), is_receipt=True))
    mailbox.restore(Delivery(DeliverSm(), is_receipt=True, tries=MAX_TRIES))
    assert (len(mailbox), mailbox.lost) == (LIMIT, 3)


def test_the_control_port_turns_knobs_and_counts() -> None:
    async def scenario(smsc: Smsc) -> None:
        control = Control(smsc)
        await control.start()
        base = f"http://{control.host}:{control.port}"

        async def call(method: str, path: str, **query: str) -> Any:
            request = Request(f"{base}{path}?{urlencode(query)}", method=method)  # noqa: S310
            return await asyncio.to_thread(_fetch, request)

        esme = await connect(smsc)
        esme.ask(submit())
        await esme.until(lambda: esme.delivered)
        told = await call("POST", "/set", latency_ms="50", throttle="0x10")
        assert (told["knobs"]["latency_ms"], told["knobs"]["throttle"]) == (50, 16)
        assert await call(
            "POST", "/mo", **{"from": "1", "to": "2", "text": "Hi", "count": "3"}
        ) == {"pdus": 3}
        await esme.until(lambda: len(esme.delivered) == 4)
        for path, query, words in (
            ("/set", {"colour": "1"}, "colour is none of latency_ms"),
            ("/set", {"throttle": "many"}, "not a whole number"),
            ("/set", {"throttle": "-1"}, "negative"),
            ("/mo", {"from": "1"}, "to and text missing"),
            ("/mo", {"from": "1", "to": "2", "text": "x", "count": "y"}, "'y' is not"),
            ("/mo", {"from": "1", "to": "2", "text": "x", "speed": "1"}, "speed unknown"),
            ("/mo", {"from": "1", "to": "2", "text": "ж", "data_coding": "3"}, "latin-1"),
        ):
            assert words in (await call("POST", path, **query))["error"]
        spoilt = {"from": "1", "to": "2", "text": "x" * 400, "missing": "1,2,3", "way": "sar"}
        assert await call("POST", "/mo", **spoilt) == {"pdus": 0}
        assert await call("POST", "/drop") == {"dropped": 1}
        await esme.until(lambda: esme.is_gone)
        stats = await call("GET", "/stats")
        expected = {"binds": 0, "binds_total": 1, "submits": 1, "accepted": 1, "mo_sent": 3}
        assert expected.items() <= stats.items()
        await control.stop()

    with_smsc(scenario)


def _fetch(request: Request) -> Any:
    try:
        with urlopen(request, timeout=WAIT_S) as response:  # noqa: S310
            return json.load(response)
    except HTTPError as error:
        with error:
            return json.load(error)


def _command(*options: str, data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "smsc_simulator", *options],
        cwd=ROOT,
        env={"DATA_DIR": str(data_dir), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.sockets
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_and_ends_on_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    options = ("--port", "0", "--mo-text", "Hi", "--control-port", "0")
    with _command(*options, data_dir=tmp_path) as process:
        assert process.stdout
        line = process.stdout.readline()
        found = re.search(r"listens on 127\.0\.0\.1:(\d+)\.$", line)
        assert found, line

        async def scenario() -> None:
            esme = await connect(Smsc(port=int(found[1])))
            await esme.until(lambda: esme.delivered)
            process.send_signal(number)
            await esme.until(lambda: esme.is_gone)
            assert esme.session.state is State.CLOSED

        asyncio.run(scenario())
        assert process.wait(WAIT_S) == 0


@pytest.mark.sockets
def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _command("--port", str(port), data_dir=tmp_path) as process:
            out, error = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == ""
    assert error == f"CommandError: Cannot listen on 127.0.0.1:{port}: Address already in use.\n"
