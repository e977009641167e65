"""An edge over real sockets: what arrives at clients, and what their answers come to."""

import time
from collections.abc import Callable

import pytest
from pytest import MonkeyPatch

from sms.errors import ErrorCode
from sms.transports.base import (
    Accepted,
    Fault,
    TransportError,
)
from sms.transports.sip.message import Unwritable
from tests.sms.transports.contract import segment
from tests.sms.transports.sip.conftest import Bench, MakeBench, send

pytestmark = pytest.mark.sockets


def fail_with(error: Exception) -> Callable[..., None]:
    """Make a function that raises this."""

    def fail(*arguments: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("status", "code", "is_permanent"),
    [
        (403, ErrorCode.BLOCKED, True),
        (404, ErrorCode.UNKNOWN_HANDSET, True),
        (405, ErrorCode.UNREACHABLE_CARRIER, True),
        (415, ErrorCode.UNREACHABLE_CARRIER, True),
        (480, ErrorCode.UNREACHABLE_HANDSET, True),
        (486, ErrorCode.UNREACHABLE_HANDSET, False),
        (503, ErrorCode.UNKNOWN, False),
        (302, ErrorCode.UNKNOWN, True),
        (407, ErrorCode.UNKNOWN, True),
        (603, ErrorCode.BLOCKED, True),
    ],
)
def test_what_a_client_answers_is_what_the_message_comes_to(
    bench: Bench, status: int, code: ErrorCode, is_permanent: bool
) -> None:
    bench.registered().answer = lambda message: status
    result = send(bench)
    assert isinstance(result, TransportError)
    assert (result.code, result.permanent) == (code, is_permanent)
    assert result.fault is Fault.MESSAGE  # never a reason to open the edge's circuit


def test_a_gateway_that_takes_it_is_no_receipt(bench: Bench) -> None:
    bench.registered().answer = lambda message: 202
    assert isinstance(send(bench), Accepted)
    assert not bench.sink.reports


def test_retry_after_is_heeded(bench: Bench) -> None:
    alice = bench.registered()
    alice.answer, alice.answer_headers = (lambda message: 503), "Retry-After: 17\r\n"
    result = send(bench)
    assert isinstance(result, TransportError)
    assert (result.retry_in_s, result.max_tries) == (17.0, 3)


def test_a_silent_client_is_asked_again_and_given_up_the_second_time(bench: Bench) -> None:
    alice = bench.registered()
    alice.answer = lambda message: None
    for key in (0, 1):
        result = send(bench, key)
        assert isinstance(result, TransportError)
        assert result.permanent and result.code is ErrorCode.UNREACHABLE_HANDSET
    assert len({message.header("via") for message in alice.messages}) == 2
    assert len(alice.messages) > 8  # repeated, as UDP may lose any of them
    assert not bench.office.bindings
    assert isinstance(send(bench, 2), TransportError)


def test_nobody_there_is_told_at_once_or_waited_for(make_bench: MakeBench) -> None:
    result = send(make_bench())
    assert isinstance(result, TransportError) and result.permanent
    waits = send(make_bench(waits_for_clients=True))
    assert isinstance(waits, TransportError) and not waits.permanent
    assert waits.code is ErrorCode.UNREACHABLE_HANDSET and waits.max_tries is None


def test_of_several_devices_the_first_that_takes_it_wins(bench: Bench) -> None:
    dead, live = bench.registered(), bench.registered(kind="WS")
    dead.answer = lambda message: 603
    assert isinstance(send(bench), Accepted)
    dead.wait_messages(1)
    live.wait_messages(1)


def test_messages_to_one_client_arrive_in_order_one_at_a_time(bench: Bench) -> None:
    alice = bench.registered()
    bench.edge.send([segment(n, recipient="client:alice", text=f"{n}") for n in range(50)])
    bench.sink.wait_outcomes(50)
    assert [message.body for message in alice.messages] == [b"%d" % n for n in range(50)]


def test_a_long_text_goes_whole_over_tcp_and_in_parts_over_udp(bench: Bench) -> None:
    udp, tcp = bench.registered(), bench.registered(kind="TCP")
    text = "Grüße 👩‍👩‍👧 " * 100
    assert isinstance(send(bench, text=text), Accepted)
    assert tcp.wait_messages(1)[0].body.decode() == text
    parts = udp.wait_messages(3)
    assert "".join(part.body.decode() for part in parts) == text
    assert all(part.size <= 1300 for part in parts)
    assert len({part.header("call-id") for part in parts}) == 3


def test_a_long_text_that_ends_half_way_is_not_sent_again(bench: Bench) -> None:
    alice = bench.registered()
    answers = iter([200, 503])
    alice.answer = lambda message: next(answers)
    result = send(bench, text="x" * 1300)
    assert isinstance(result, TransportError)
    assert result.permanent and len(alice.messages) == 2


def test_headers_that_leave_no_room_for_text_are_too_large_for_udp(bench: Bench) -> None:
    alice = bench.registered()
    refused = send(bench, sender="😀" * 64, text="x" * 1300)
    assert isinstance(refused, TransportError) and "too large" in refused.raw
    assert not alice.messages


@pytest.mark.parametrize(
    ("contact", "transport"),
    [
        ("sip:alice@192.0.2.1;transport=TLS;ob", "TLS"),
        ("sips:alice@192.0.2.1", "TLS"),
        ("sip:alice@192.0.2.1;transport=tcp", "TCP"),
    ],
)
def test_a_client_behind_a_tls_proxy_is_spoken_to_as_it_speaks(
    bench: Bench, contact: str, transport: str
) -> None:
    alice = bench.client(kind="TCP")
    assert alice.register(contact=f"<{contact}>;expires=600").status == 200
    assert isinstance(send(bench), Accepted)
    assert alice.messages[0].header("via").startswith(f"SIP/2.0/{transport} ")


def test_a_held_edge_hands_back_what_it_is_given(bench: Bench) -> None:
    alice = bench.registered()
    bench.edge.hold(True)
    result = send(bench)
    assert isinstance(result, TransportError)
    assert (result.code, result.fault) == (ErrorCode.UNREACHABLE_CARRIER, Fault.LINE)
    bench.edge.hold(False)
    assert isinstance(send(bench, 1), Accepted) and len(alice.messages) == 1


def test_what_cannot_be_written_fails_alone(bench: Bench, monkeypatch: MonkeyPatch) -> None:
    bench.registered()
    with monkeypatch.context() as patch:
        letters = bench.edge._sender._letters
        patch.setattr(letters, "write", fail_with(Unwritable("no line holds it")))
        result = send(bench)
    assert isinstance(result, TransportError)
    assert (result.code, result.permanent) == (ErrorCode.UNKNOWN, True)
    assert isinstance(send(bench, 1), Accepted)


def test_what_the_edge_stumbles_over_fails_alone(bench: Bench, monkeypatch: MonkeyPatch) -> None:
    bench.registered()
    with monkeypatch.context() as patch:
        patch.setattr(bench.edge._sender, "take", fail_with(RuntimeError("a fault of ours")))
        result = send(bench)
    assert isinstance(result, TransportError)
    assert (result.code, result.permanent) == (ErrorCode.UNKNOWN, True)
    assert isinstance(send(bench, 1), Accepted)


def test_a_sender_cannot_write_headers(bench: Bench) -> None:
    alice = bench.registered()
    assert isinstance(send(bench, sender='Evil" <x>\r\nX-Evil: 1', text="a\r\n\r\nb"), Accepted)
    (message,) = alice.wait_messages(1)
    assert "x-evil" not in message.headers and message.body == b"a\r\n\r\nb"


@pytest.mark.parametrize("kind", ["TCP", "WS"])
def test_a_connection_that_breaks_takes_its_client_along(bench: Bench, kind: str) -> None:
    alice = bench.registered(kind=kind)
    alice.answer = lambda message: None
    bench.edge.send([segment(0, recipient="client:alice")])
    alice.wait_messages(1)
    alice.close()
    bench.sink.wait_outcomes(1)
    result = bench.sink.result_of(0)
    assert isinstance(result, TransportError) and not result.permanent
    assert not bench.office.bindings


def test_after_a_crash_a_udp_client_is_reached_without_registering_again(bench: Bench) -> None:
    alice = bench.registered()
    bench.restart()
    assert isinstance(send(bench), Accepted)
    alice.wait_messages(1)


@pytest.mark.parametrize("kind", ["TCP", "WS"])
def test_after_a_crash_a_client_whose_connection_broke_is_waited_for(
    bench: Bench, kind: str
) -> None:
    bench.registered(kind=kind)
    bench.restart()
    waits = send(bench)
    assert isinstance(waits, TransportError) and not waits.permanent
    assert (waits.max_tries, waits.retry_in_s) == (None, 5.0)
    alice = bench.registered(kind=kind)
    assert isinstance(send(bench, 1), Accepted)
    alice.register(expires=0)
    gone = send(bench, 2)
    assert isinstance(gone, TransportError) and gone.permanent


def test_an_edge_that_stops_keeps_who_may_come_back_for_a_minute(bench: Bench) -> None:
    bench.registered()
    bench.registered("bob", kind="TCP")
    bench.edge.stop(drain_s=0)
    left = {b.login: b.expires_at - time.time() for b in bench.office.bindings.values()}
    assert left["alice"] > 500 and 50 < left["bob"] <= 60
