"""What the simulator owes survives its stop."""

import asyncio
import json
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sms.transports.simulator.knobs import Knobs
from sms.transports.simulator.mailbox import Delivery
from sms.transports.simulator.smsc import Smsc
from sms.transports.simulator.state import (
    BrokenState,
    Owed,
    State,
    read_state,
    set_aside,
    write_state,
)
from sms.transports.smpp.codec import (
    BindTransceiver,
    DeliverSm,
    SubmitSm,
    SubmitSmResp,
    Tag,
    encode,
)
from tests.fakes.esme import WAIT_S, Esme, connect, submit

ROOT = Path(__file__).parents[4]
TEXT = DeliverSm(source_addr="1555", destination_addr="7777", short_message="Hi €".encode())
RECEIPT = DeliverSm(
    source_addr="ä", esm_class=4, short_message=b"\0\xff", tlvs={Tag.RECEIPTED_MESSAGE_ID: b"7\0"}
)
STATE = State(
    next_message_id=1_795_366_479_366_471,
    next_reference=300,
    owed=[
        Owed("demo", Delivery(RECEIPT, is_receipt=True, tries=3)),
        Owed("", Delivery(TEXT, is_receipt=False)),
        Owed("Ö", Delivery(RECEIPT, is_receipt=True), due_at=1_795_366_479.25),
    ],
)


def values_of(state: State | None) -> list[object]:
    assert state is not None
    owed = [
        (one.system_id, one.due_at, one.delivery.pdu, one.delivery.is_receipt, one.delivery.tries)
        for one in state.owed
    ]
    return [state.next_message_id, state.next_reference, *owed]


def id_in(receipt: DeliverSm) -> str:
    return receipt.tlvs[Tag.RECEIPTED_MESSAGE_ID].rstrip(b"\0").decode()


def ids_of(esme: Esme) -> list[str]:
    return [answer.message_id for answer in esme.answers if isinstance(answer, SubmitSmResp)]


# --- the file -----------------------------------------------------------------------


def test_a_state_is_read_as_it_was_written_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("old")
    path.chmod(0o644)
    (tmp_path / "state.json.draft").write_text("left by a crash, for all to read")
    write_state(path, STATE)
    assert values_of(read_state(path)) == values_of(STATE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_no_file_is_no_state(tmp_path: Path) -> None:
    assert read_state(tmp_path / "state.json") is None


def test_a_state_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_state(path, STATE)
    path.with_name("state.json.draft").mkdir()
    with pytest.raises(OSError, match="draft"):
        write_state(path, State(1, 1, []))
    assert values_of(read_state(path)) == values_of(STATE)


def _with(**changed: object) -> str:
    owed = {"system_id": "demo", "due_at": 0.0, "is_receipt": True, "tries": 0}
    owed |= {"pdu": encode(RECEIPT).hex()} | changed
    return json.dumps({"next_message_id": 1, "next_reference": 1, "owed": [owed]})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "Expecting value"),
        ("\udcff", "utf-8"),
        ('{"next_message_id": 1, "next_refer', "Unterminated"),
        ("[" * 100_000, "too deep"),
        ("[]", "next_message_id"),
        ('{"next_message_id": true}', "next_message_id"),
        ('{"next_message_id": -1}', "next_message_id is out of range"),
        ('{"next_message_id": 9223372036854775808}', "next_message_id is out of range"),
        ('{"next_message_id": 1, "next_reference": 1, "owed": 1}', "owed"),
        ('{"next_message_id": 1, "next_reference": 1, "owed": [1]}', "pdu"),
        (_with(system_id=None), "system_id"),
        (_with(due_at=float("inf")), "due_at"),
        (_with(due_at=float("nan")), "due_at"),
        (_with(due_at="now"), "due_at"),
        (_with(is_receipt=1), "is_receipt"),
        (_with(tries=-1), "tries"),
        (_with(pdu="zz"), "hexadecimal"),
        (_with(pdu=encode(RECEIPT).hex()[:-2]), "command_length"),
        (_with(pdu=encode(SubmitSm()).hex()), "submit_sm"),
    ],
)
def test_a_broken_file_says_why(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(content, errors="surrogateescape")
    with pytest.raises(BrokenState, match=words):
        read_state(path)


def test_what_is_no_file_at_all_is_broken_and_can_be_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.mkdir()
    with pytest.raises(BrokenState, match="Is a directory"):
        read_state(path)
    assert set_aside(path) == tmp_path / "state.json.broken"
    assert read_state(path) is None


# --- from one run to the next, over sockets -------------------------------------------

Scenario = Callable[[Smsc], Coroutine[Any, Any, None]]


def runs(*scenarios: Scenario, path: Path, **knobs: int) -> State:
    """Run one simulator after another, with nothing but a file between them."""

    async def run(scenario: Scenario) -> None:
        smsc = Smsc(knobs=Knobs(**({"receipt_delay_ms": 0} | knobs)))
        if state := read_state(path):
            smsc.resume(state)
        await smsc.start()
        try:
            await scenario(smsc)
        finally:
            await smsc.stop()
        write_state(path, smsc.state())

    for scenario in scenarios:
        asyncio.run(run(scenario))
    left = read_state(path)
    assert left
    return left


@pytest.mark.parametrize("delivery_status", [-1, 0x14], ids=["no answer", "refused"])
def test_receipts_without_an_acknowledgement_come_in_the_next_run(
    delivery_status: int, tmp_path: Path
) -> None:
    ids: list[str] = []

    async def owe(smsc: Smsc) -> None:
        esme = await connect(smsc)
        esme.delivery_status = delivery_status
        esme.ask(*(submit() for _ in range(150)))
        await esme.until(lambda: len(esme.answers) == 150 and len(esme.delivered) >= 100)
        ids.extend(ids_of(esme))

    async def collect(smsc: Smsc) -> None:
        stranger = await connect(smsc, BindTransceiver(system_id="other"))
        esme = await connect(smsc)
        await esme.until(lambda: len(esme.delivered) == 150)
        assert sorted(map(id_in, esme.delivered)) == ids
        assert not stranger.delivered

    assert runs(owe, collect, path=tmp_path / "state.json").owed == []


def test_what_waits_comes_in_order_in_the_next_run(tmp_path: Path) -> None:
    ids: list[str] = []

    async def owe(smsc: Smsc) -> None:
        esme = await connect(smsc)
        esme.delivery_status = -1
        esme.ask(*(submit() for _ in range(150)))
        await esme.until(lambda: len(esme.answers) == 150 and len(esme.delivered) == 100)
        ids.extend(ids_of(esme))

    async def nobody_comes(smsc: Smsc) -> None:
        assert smsc.snapshot()["waiting"] == 150

    async def collect(smsc: Smsc) -> None:
        esme = await connect(smsc)
        await esme.until(lambda: len(esme.delivered) == 150)
        assert list(map(id_in, esme.delivered)) == ids

    runs(owe, nobody_comes, collect, path=tmp_path / "state.json")


def test_messages_from_handsets_wait_for_the_first_bind_of_any_run(tmp_path: Path) -> None:
    async def owe(smsc: Smsc) -> None:
        smsc.send_inbound(sender="1555", recipient="7777", text="x" * 200)

    async def collect(smsc: Smsc) -> None:
        smsc.send_inbound(sender="1555", recipient="7777", text="y" * 200)
        esme = await connect(smsc, BindTransceiver(system_id="first"))
        await esme.until(lambda: len(esme.delivered) == 4)
        # Concatenation references do not come round again either.
        headers = [pdu.short_message[3:6] for pdu in esme.delivered]
        assert headers == [b"\1\2\1", b"\1\2\2", b"\2\2\1", b"\2\2\2"]

    assert runs(owe, collect, path=tmp_path / "state.json").owed == []


def test_a_receipt_is_not_sent_before_it_is_due(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    due_at = time.time() + 0.15
    late = Owed("demo", Delivery(RECEIPT, is_receipt=True), due_at)
    write_state(path, State(1, 1, [Owed("demo", Delivery(TEXT, is_receipt=False)), late]))

    async def collect(smsc: Smsc) -> None:
        esme = await connect(smsc)
        await esme.until(lambda: len(esme.delivered) == 2)
        assert time.time() >= due_at - 0.01  # the two clocks tick apart
        assert [pdu.esm_class for pdu in esme.delivered] == [0, 4]

    assert runs(collect, path=path).owed == []


@pytest.mark.parametrize("left", [1, 1 << 62], ids=["the clock leads", "the last run leads"])
def test_message_ids_do_not_come_round_again(left: int, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_state(path, State(left, 1, []))
    ids: list[int] = []

    async def take(smsc: Smsc) -> None:
        esme = await connect(smsc)
        esme.ask(submit(), submit())
        await esme.until(lambda: len(esme.answers) == 2)
        ids.extend(map(int, ids_of(esme)))

    began = time.time_ns() // 1000
    state = runs(take, take, path=path)
    assert [*ids, state.next_message_id] == sorted({*ids, state.next_message_id})
    assert ids[0] >= max(left, began)


# --- the command ----------------------------------------------------------------------


@contextmanager
def command(path: Path, *options: str, port: int = 0) -> Iterator[subprocess.Popen[str]]:
    data_dir = next(folder for folder in path.parents if folder.is_dir())
    argv = [sys.executable, "manage.py", "smsc_simulator", "--state", str(path), *options]
    with subprocess.Popen(
        [*argv, "--port", str(port)],
        cwd=ROOT,
        env={"DATA_DIR": str(data_dir), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout
    line = process.stdout.readline()
    found = re.search(r"listens on 127\.0\.0\.1:(\d+)\.$", line)
    assert found, line
    return int(found[1])


@pytest.mark.sockets
def test_a_receipt_that_a_stop_overtook_comes_once_after_the_next_bind(tmp_path: Path) -> None:
    path = tmp_path / "state.json"

    async def owe(process: subprocess.Popen[str], port: int) -> str:
        esme = await connect(Smsc(port=port))
        esme.ask(submit())
        await esme.until(lambda: esme.answers)
        process.terminate()
        await esme.until(lambda: esme.is_gone)
        assert not esme.delivered
        return ids_of(esme)[0]

    async def collect(port: int) -> tuple[list[str], list[str]]:
        esme = await connect(Smsc(port=port))
        await esme.until(lambda: esme.delivered)
        esme.ask(submit())
        await esme.until(lambda: len(esme.delivered) == 2)
        return ids_of(esme), list(map(id_in, esme.delivered))

    with command(path, "--receipt-delay-ms", "1500") as process:
        port = port_of(process)
        first = asyncio.run(owe(process, port))
        assert process.wait(WAIT_S) == 0
    with command(path, "--receipt-delay-ms", "0", port=port) as process:
        assert port_of(process) == port
        assert not path.exists()
        later, receipts = asyncio.run(collect(port))
        process.terminate()
        assert process.wait(WAIT_S) == 0
    assert receipts == [first, *later]
    left = read_state(path)
    assert left
    assert left.owed == []


@pytest.mark.sockets
def test_a_broken_file_is_one_sentence_and_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{")
    with command(path) as process:
        port_of(process)
        process.terminate()
        _, error = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert re.fullmatch(
        rf"What was owed cannot be read \(.+\); the file is now {path}\.broken\.\n", error
    )
    assert path.with_name("state.json.broken").read_text() == "{"
    assert read_state(path)


@pytest.mark.sockets
def test_a_start_that_fails_leaves_the_file_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_state(path, STATE)
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        command(path, port=taken.getsockname()[1]) as process,
    ):
        assert process.wait(30) == 1
    assert values_of(read_state(path)) == values_of(STATE)


@pytest.mark.sockets
def test_a_folder_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    with command(tmp_path / "missing" / "state.json") as process:
        _, error = process.communicate(timeout=30)
    assert process.returncode == 2
    assert error.endswith(f"argument --state: {tmp_path / 'missing'} is no folder\n")
