"""An edge over real sockets: who may register, what arrives, what strangers get."""

import threading
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest import MonkeyPatch

from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.transports.base import (
    Accepted,
    Fault,
    Inbound,
    Receipt,
    Refusal,
    TransportError,
)
from sms.transports.sip.guard import Allowance
from sms.transports.sip.message import Unwritable
from tests.fakes.sip_client import Heard, SipClient, WsWire
from tests.fakes.sip_office import subscriber
from tests.sms.transports.contract import segment
from tests.sms.transports.sip.conftest import QUICK, Bench, MakeBench

pytestmark = pytest.mark.sockets

KINDS = ["UDP", "TCP", "WS"]


def send(bench: Bench, key: int = 0, login: str = "alice", **fields: object) -> object:
    """Send one message and return its result."""
    count = len(bench.sink.outcomes)
    bench.edge.send([segment(key, recipient=f"client:{login}", **fields)])
    bench.sink.wait_outcomes(count + 1)
    return bench.sink.result_of(key)


def say(bench: Bench, client: SipClient, *words: object, **more: object) -> Heard:
    """Have a client say something; what the platform hears of it is stored."""
    count, answers = len(bench.sink.reports), []
    asking = threading.Thread(target=lambda: answers.append(client.say(*words, **more)))  # type: ignore[arg-type]
    asking.start()
    bench.sink.wait_reports(count + 1)
    bench.edge.answer(bench.sink.reports[-1:], stored=True)
    asking.join()
    return answers[0]


def fail_with(error: Exception) -> Callable[..., None]:
    """Make a function that raises this."""

    def fail(*arguments: object) -> None:
        raise error

    return fail


# --- registering ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_registers_hears_and_says_something(bench: Bench, kind: str) -> None:
    alice = bench.registered(kind=kind)
    assert isinstance(send(bench, text="Grüße € 😀"), Accepted)
    (message,) = alice.wait_messages(1)
    assert message.body.decode() == "Grüße € 😀"
    assert message.start == f"MESSAGE {alice.contact} SIP/2.0"
    assert message.header("from").startswith("<sip:15005550006@127.0.0.1>")
    bench.sink.wait_reports(1)
    receipt = bench.sink.reports.pop()
    assert isinstance(receipt, Receipt) and receipt.status is Status.DELIVERED
    assert say(bench, alice, "bob", "Hi").status == 202
    inbound = bench.sink.reports[-1]
    assert isinstance(inbound, Inbound)
    assert (inbound.login, inbound.recipient, inbound.text) == ("alice", "bob", "Hi")


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("SHA-256", "MD5")])
def test_a_client_is_offered_what_its_record_says(
    bench: Bench, algorithms: tuple[str, ...]
) -> None:
    bench.office.subscribers["alice"] = subscriber("alice", *algorithms)
    alice = bench.client()
    first = alice.exchange(alice.request("REGISTER", "sip:127.0.0.1", to=f"<{alice.user}>"))
    offers = first.headers["www-authenticate"]
    assert [o.partition("algorithm=")[2].partition(",")[0] for o in offers] == list(algorithms)
    for algorithm in algorithms:
        assert alice.register(algorithm=algorithm).status == 200


def test_strangers_and_wrong_passwords_get_the_same_401(bench: Bench) -> None:
    for client in (
        bench.client("nobody"),
        bench.client("alice", password="wrong"),
        bench.client("Alice"),
    ):
        assert client.register().status == 401
        assert client.say("bob", "Hi").status == 401
    assert not bench.office.bindings and not bench.sink.reports


def test_a_disabled_client_and_another_address_are_refused(bench: Bench) -> None:
    bob = bench.client("bob")
    bob.user = "sip:alice@127.0.0.1"
    assert bob.register().status == 403
    known = bench.office.subscribers["alice"]
    bench.office.subscribers["alice"] = replace(known, is_enabled=False)
    assert bench.client().register().status == 401


def test_a_count_serves_once_and_a_stale_nonce_is_said_to_be_stale(bench: Bench) -> None:
    alice = bench.client()
    uri, to = "sip:127.0.0.1", f"<{alice.user}>"
    first = alice.exchange(alice.request("REGISTER", uri, to=to))
    header = alice.authorization(first, "REGISTER", uri)
    assert alice.exchange(alice.request("REGISTER", uri, to=to, headers=header)).status == 200
    again = alice.exchange(alice.request("REGISTER", uri, to=to, headers=header))
    assert again.status == 401 and "stale=true" in again.header("www-authenticate")
    more = alice.authorization(first, "REGISTER", uri, nc=2)
    assert alice.exchange(alice.request("REGISTER", uri, to=to, headers=more)).status == 200


def test_expiries_are_kept_within_bounds(bench: Bench) -> None:
    alice = bench.client()
    brief = alice.register(expires=30)
    assert (brief.status, brief.header("min-expires")) == (423, "60")
    assert alice.register(expires=99999).header("contact").endswith("expires=3600")
    assert alice.register(expires=0).headers.get("contact") is None
    assert not bench.office.bindings


def test_a_star_takes_all_contacts_back(bench: Bench) -> None:
    alice = bench.registered()
    other = bench.registered(kind="TCP")
    assert len(bench.office.bindings) == 2
    assert alice.register(contact="*").status == 400
    assert other.register(contact="*", headers="Expires: 0\r\n").status == 200
    assert not bench.office.bindings


def test_a_device_that_comes_from_elsewhere_takes_its_own_place(bench: Bench) -> None:
    contact = '<sip:alice@192.0.2.1:1;ob>;+sip.instance="<urn:uuid:7>";reg-id=1;expires=600'
    for _ in range(2):
        alice = bench.client()
        answer = alice.register(contact=contact)
        assert '+sip.instance="<urn:uuid:7>"' in answer.header("contact")
    assert len(bench.office.bindings) == 1
    assert isinstance(send(bench), Accepted)
    assert alice.wait_messages(1)[0].start == "MESSAGE sip:alice@192.0.2.1:1;ob SIP/2.0"


def test_the_answer_names_the_source_and_a_quick_refresh_is_not_written(bench: Bench) -> None:
    alice = bench.client()
    answer = alice.register()
    _, port = alice.wire.address()
    assert f"received=127.0.0.1;rport={port}" in answer.header("via")
    assert alice.register().status == 200
    assert len(bench.office.writes) == 1


# --- sending ----------------------------------------------------------------------------


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


def test_a_long_text_goes_over_tcp_and_not_over_udp(bench: Bench) -> None:
    udp = bench.registered()
    refused = send(bench, 0, text="x" * 1300)
    assert isinstance(refused, TransportError) and "too large" in refused.raw
    tcp = bench.registered(kind="TCP")
    assert isinstance(send(bench, 1, text="x" * 1300), Accepted)
    assert len(tcp.wait_messages(1)[0].body) == 1300 and not udp.messages


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
        patch.setattr(bench.edge._sender, "_request", fail_with(Unwritable("no line holds it")))
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


# --- what clients say -------------------------------------------------------------------


def test_a_repeated_message_is_one_message_and_has_the_same_answer(bench: Bench) -> None:
    alice = bench.registered()
    uri = "sip:bob@127.0.0.1"
    first = alice.exchange(alice.request("MESSAGE", uri, body=b"Hi"))
    data = alice.request(
        "MESSAGE", uri, body=b"Hi", headers=alice.authorization(first, "MESSAGE", uri)
    )
    for _ in range(3):
        alice.wire.send(data)
    bench.sink.wait_reports(1)
    bench.edge.answer(bench.sink.reports, stored=True)
    one, two = alice.exchange(data), alice.exchange(data)
    assert one.status == two.status == 202 and one.header("to") == two.header("to")
    assert len(bench.sink.reports) == 1


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Refusal.UNKNOWN_RECIPIENT, 404),
        (Refusal.NOT_ALLOWED, 403),
        (Refusal.OVER_LIMIT, 403),
        (Refusal.EMPTY, 400),
        (Refusal.TOO_LONG, 413),
    ],
)
def test_what_is_not_taken_is_answered(bench: Bench, refusal: Refusal, status: int) -> None:
    alice, answers = bench.registered(), []
    asking = threading.Thread(target=lambda: answers.append(alice.say("bob", "Hi")))
    asking.start()
    bench.sink.wait_reports(1)
    bench.edge.refuse({bench.sink.reports[0].token: refusal})
    asking.join()
    assert answers[0].status == status


IMDN = (
    '<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>77</message-id>'
    "<{0}-notification><status><{0}/></status></{0}-notification></imdn>"
)
COMPOSING = "application/im-iscomposing+xml"


def test_bodies_of_all_kinds(bench: Bench) -> None:
    alice = bench.registered()
    packed = zlib.compress(IMDN.format("delivered").encode())
    kind = {"kind": "message/imdn+xml", "headers": "Content-Encoding: deflate\r\n"}
    assert say(bench, alice, "bob", packed, **kind).status == 200
    receipt = bench.sink.reports[-1]
    assert isinstance(receipt, Receipt)
    assert (receipt.remote_keys, receipt.status) == (("77",), Status.DELIVERED)
    cpim = "From: <im:a>\r\nTo: <im:b>\r\n\r\nContent-Type: text/plain\r\n\r\nwrapped"
    assert say(bench, alice, "bob", cpim, kind="message/cpim").status == 202
    assert bench.sink.reports[-1].text == "wrapped"  # type: ignore[union-attr]
    assert alice.say("bob", "<isComposing/>", kind=COMPOSING).status == 200
    refused = alice.say("bob", b"\xff", kind="image/png")
    assert refused.status == 415 and "text/plain" in refused.header("accept")
    assert alice.say("bob", b"x", headers="Content-Encoding: br\r\n").status == 415
    bomb = zlib.compress(b"\x00" * 10_000_000)
    assert alice.say("bob", bomb, headers="Content-Encoding: deflate\r\n").status == 400
    assert len(bench.sink.reports) == 2


def test_a_device_says_that_it_could_not_show_it(bench: Bench) -> None:
    alice = bench.registered()
    assert say(bench, alice, "bob", IMDN.format("failed"), kind="message/imdn+xml").status == 200
    receipt = bench.sink.reports[-1]
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.code) == (Status.FAILED, ErrorCode.UNKNOWN)


# --- strangers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "status"),
    [("OPTIONS", 200), ("INVITE", 405), ("SUBSCRIBE", 489), ("BYE", 481), ("FROBNICATE", 501)],
)
def test_other_methods_are_answered(bench: Bench, method: str, status: int) -> None:
    client = bench.client()
    assert client.exchange(client.request(method, "sip:127.0.0.1")).status == status


def silent(client: SipClient, data: bytes) -> bool:
    """Say whether the edge answers nothing, while it does answer what comes after."""
    count = len(client.answers)
    client.wire.send(data)
    client.exchange(client.request("OPTIONS", "sip:127.0.0.1"))
    return len(client.answers) == count + 1


def test_acks_scanners_stun_and_rubbish_are_not_answered(bench: Bench) -> None:
    client = bench.client()
    for data in (
        client.request("ACK", "sip:127.0.0.1"),
        client.request("REGISTER", "sip:127.0.0.1", headers="User-Agent: friendly-scanner\r\n"),
        b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(40),
        b"\r\n\r\n",
        b"x" * 2000,
        b"SIP/2.0 200 OK\r\n" + client.request("OPTIONS", "sip:x").partition(b"\r\n")[2],
    ):
        assert silent(client, data)


def test_another_host_is_not_here_and_extensions_are_not_known(bench: Bench) -> None:
    client = bench.client()
    assert client.exchange(client.request("MESSAGE", "sip:bob@elsewhere.example")).status == 404
    data = client.request("REGISTER", "sip:127.0.0.1", headers="Require: 100rel\r\n")
    refused = client.exchange(data)
    assert (refused.status, refused.header("unsupported")) == (420, "100rel")


def test_a_source_gets_so_many_answers_and_no_more(make_bench: MakeBench) -> None:
    bench = make_bench(replace(QUICK, allowance=Allowance(burst=10, per_s=0.0)))
    registered = bench.registered()
    client = bench.client()
    for _ in range(50):
        client.wire.send(client.request("REGISTER", "sip:127.0.0.1", to="<sip:a@127.0.0.1>"))
    registered.exchange(registered.request("OPTIONS", "sip:127.0.0.1"))  # known: still answered
    assert len(client.answers) == 10


def test_a_stream_out_of_step_is_closed_and_others_live_on(bench: Bench) -> None:
    bad, good = bench.client(kind="TCP"), bench.registered("bob", kind="TCP")
    bad.wire.send(b"REGISTER sip:x SIP/2.0\r\nContent-Length: 99999999\r\n\r\n")
    bad.wait("the end", lambda: bad.is_over)
    good.wire.send(b"\r\n\r\n")
    good.wait("a pong", lambda: good.blanks)


def test_only_sip_is_spoken_over_websocket(bench: Bench) -> None:
    assert bench.settings.ws_port
    assert " 400 " in WsWire(bench.settings.ws_port, protocol="").handshake
    assert "Protocol: sip" in WsWire(bench.settings.ws_port).handshake


def test_while_the_database_is_away_clients_are_told_to_come_again(bench: Bench) -> None:
    bench.office.is_away = True
    answer = bench.client().register()
    assert (answer.status, answer.header("retry-after")) == (503, "5")


def test_a_port_that_is_taken_is_told_and_tried_again(make_bench: MakeBench) -> None:
    from sms.lifecycle import LinkState
    from sms.transports.sip.edge import SipEdge
    from tests.fakes.sink import RecordingSink

    first = make_bench()
    sink = RecordingSink()
    second = SipEdge(first.settings, sink, first.office, policy=QUICK)
    second.start()
    assert "is taken" in sink.wait_state(LinkState.DOWN)
    assert second.room() == 0
    first.edge.stop(drain_s=0)
    sink.wait_state(LinkState.UP)
    second.stop(drain_s=0)


def test_udp_clients_are_kept_alive(make_bench: MakeBench) -> None:
    bench = make_bench(replace(QUICK, keep_alive_s=0.1))
    alice = bench.registered()
    alice.wait("keep-alives", lambda: alice.blanks)
