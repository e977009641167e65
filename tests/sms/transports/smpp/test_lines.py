"""How a link reaches its peer: TLS, IPv6, and a pair of connections, over real sockets."""

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from sms.lifecycle import LinkState
from sms.transports.base import Accepted, OutcomeUnknown, Receipt, TransportError
from sms.transports.smpp.codec import SubmitSmResp
from sms.transports.smpp.link import RetryPolicy, SmppLink
from sms.transports.smpp.session import Mode
from sms.transports.smpp.tls import reason_of
from tests.fakes.certificates import Authority
from tests.fakes.sink import RecordingSink
from tests.fakes.smsc import FakeSmsc, say_nothing
from tests.sms.transports.contract import TransportContract, segment, segments
from tests.sms.transports.smpp.conftest import QUICK, Opener, settings
from tests.sms.transports.smpp.test_link import RECEIPT, SmppPeer

pytestmark = pytest.mark.sockets

AUTHORITY = Authority()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ECONNREFUSED, "Connect call failed ('::1', 1, 0, 0)"), "Connection refused"),
        (OSError("Multiple exceptions: this, that"), "Multiple exceptions: this, that"),
        (TimeoutError(), "no answer in time"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "not known"),
    ],
    ids=["one address", "several", "silence", "no such name"],
)
def test_why_nobody_could_be_reached_is_told_in_words(error: OSError, words: str) -> None:
    assert words in reason_of(error) and "call failed" not in reason_of(error)


# --- TLS --------------------------------------------------------------------------------


class TestSmppOverTlsMeetsTheContract(TransportContract):
    @pytest.fixture
    def peer(self) -> Iterator[SmppPeer]:
        with FakeSmsc(tls=AUTHORITY.server_context("127.0.0.1")) as smsc:
            yield SmppPeer(smsc, tls=True, tls_ca=AUTHORITY.pem)


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (["localhost"], {"tls_ca": AUTHORITY.pem}),
        (["elsewhere.example"], {"tls_verify": False}),
    ],
)
def test_a_peer_that_is_who_we_called_or_that_nobody_asks_is_bound(
    sink: RecordingSink, names: list[str], values: dict[str, Any]
) -> None:
    with FakeSmsc(tls=AUTHORITY.server_context(*names)) as smsc:
        open_link = Opener(smsc, sink)
        link = open_link(host="localhost", tls=True, **values)
        link.send([segment(1)])
        sink.wait_outcomes(1)
        assert isinstance(sink.result_of(1), Accepted)
        link.stop(drain_s=0)


@pytest.mark.parametrize(
    ("names", "ca", "reason"),
    [
        (["elsewhere.example"], AUTHORITY.pem, "Hostname mismatch"),
        (["127.0.0.1"], AUTHORITY.pem, "Hostname mismatch"),
        (["localhost"], Authority().pem, "unable to get local issuer certificate"),
        (["localhost"], "", "unable to get local issuer certificate"),
    ],
    ids=["another name", "an address only", "another authority", "not the system's"],
)
def test_a_peer_that_is_not_who_we_called_never_sees_our_password(
    sink: RecordingSink, names: list[str], ca: str, reason: str
) -> None:
    with FakeSmsc(tls=AUTHORITY.server_context(*names)) as smsc:
        link = Opener(smsc, sink)(until=LinkState.DOWN, host="localhost", tls=True, tls_ca=ca)
        assert reason in sink.wait_state(LinkState.DOWN)
        link.stop(drain_s=0)
        assert smsc.binds == []


def demanding(*names: str) -> ssl.SSLContext:
    """Make the context of a server that wants to see a certificate."""
    context = AUTHORITY.server_context(*names)
    context.load_verify_locations(cadata=AUTHORITY.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_peer_that_wants_a_certificate_is_shown_ours(sink: RecordingSink) -> None:
    with FakeSmsc(tls=demanding("localhost")) as smsc:
        values: dict[str, Any] = {"host": "localhost", "tls": True, "tls_ca": AUTHORITY.pem}
        link = Opener(smsc, sink)(**values | AUTHORITY.own())
        link.stop(drain_s=0)


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({}, "the peer demands a certificate of ours"),
        (Authority().own(), "the peer does not know who signed our certificate"),
    ],
    ids=["none", "another authority's"],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_that_the_peer_does_not_take_is_told(
    sink: RecordingSink, own: dict[str, Any], words: str, version: ssl.TLSVersion
) -> None:
    context = demanding("localhost")
    context.maximum_version = version
    with socket.create_server(("127.0.0.1", 0)) as strict:
        values: dict[str, Any] = {"host": "localhost", "tls": True, "tls_ca": AUTHORITY.pem}
        link = SmppLink(settings(strict.getsockname()[1], **values, **own), sink, policy=QUICK)
        link.start()
        caller, _ = strict.accept()
        with context.wrap_socket(caller, server_side=True, do_handshake_on_connect=False) as end:
            with pytest.raises(ssl.SSLError):
                end.do_handshake()
            # TLS 1.2 has no alert of its own for a certificate that is missing.
            is_nameless = version is ssl.TLSVersion.TLSv1_2 and not own
            expected = "HANDSHAKE_FAILURE" if is_nameless else words
            assert expected in sink.wait_state(LinkState.DOWN)
        link.stop(drain_s=0)


def test_the_name_in_the_certificate_may_be_another_than_the_host(sink: RecordingSink) -> None:
    asked: list[str | None] = []
    context = AUTHORITY.server_context("smpp.carrier.example")
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with FakeSmsc(tls=context) as smsc:
        values: dict[str, Any] = {
            "tls": True,
            "tls_ca": AUTHORITY.pem,
            "tls_name": "smpp.carrier.example",
        }
        link = Opener(smsc, sink)(host="127.0.0.1", **values)
        link.stop(drain_s=0)
    assert asked == ["smpp.carrier.example"]


def test_a_peer_without_tls_is_told_apart(sink: RecordingSink) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        link = SmppLink(settings(plain.getsockname()[1], tls=True), sink, policy=QUICK)
        link.start()
        caller, _ = plain.accept()
        with caller:
            caller.recv(1000)
            caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            assert "no TLS" in sink.wait_state(LinkState.DOWN)
        link.stop(drain_s=0)


def test_a_handshake_that_never_ends_is_given_up(sink: RecordingSink) -> None:
    policy = RetryPolicy(connect_timeout_s=0.1)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        link = SmppLink(settings(deaf.getsockname()[1], tls=True), sink, policy=policy)
        link.start()
        assert "no answer in time" in sink.wait_state(LinkState.DOWN)
        link.stop(drain_s=0)


def test_certificates_that_are_none_are_told_and_nobody_is_called(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    open_link(until=LinkState.DOWN, tls=True, tls_ca="nonsense")
    assert "cannot connect" in sink.wait_state(LinkState.DOWN)


# --- IPv6 -------------------------------------------------------------------------------


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
@pytest.mark.parametrize("tls", [False, True])
def test_a_host_may_be_an_ipv6_address(sink: RecordingSink, tls: bool) -> None:
    context = AUTHORITY.server_context("::1") if tls else None
    with FakeSmsc(host="::1", tls=context) as smsc:
        ca = AUTHORITY.pem if tls else ""
        link = Opener(smsc, sink)(host="::1", tls=tls, tls_ca=ca)
        assert [bind.name for bind in smsc.binds] == ["bind_transceiver"]
        link.stop(drain_s=0)


# --- a transmitter and a receiver -------------------------------------------------------


class TestAPairMeetsTheContract(TransportContract):
    @pytest.fixture
    def peer(self) -> Iterator[SmppPeer]:
        with FakeSmsc() as smsc:
            yield SmppPeer(smsc, bind_mode="pair")


def bound_as(smsc: FakeSmsc) -> list[str]:
    return [bind.name.removeprefix("bind_") for bind in smsc.binds]


def test_a_pair_is_up_when_both_are(smsc: FakeSmsc, sink: RecordingSink, open_link: Opener) -> None:
    smsc.bind_statuses["bind_receiver"] = 0x0E
    link = open_link(until=LinkState.REFUSED, bind_mode="pair")
    assert "receiver: bind refused: ESME_RINVPASWD" in sink.wait_state(LinkState.REFUSED)
    smsc.wait("the transmitter", lambda: "transmitter" in bound_as(smsc))
    assert link.room() == 0
    assert LinkState.UP not in [state for state, _ in sink.states]
    link.send([segment(1)])
    sink.wait_outcomes(1)
    assert isinstance(sink.result_of(1), TransportError)
    smsc.bind_statuses.clear()
    sink.wait_state(LinkState.UP)
    assert link.room() > 0
    assert bound_as(smsc).count("transmitter") == 1


def test_submits_go_by_the_transmitter_and_receipts_come_by_the_receiver(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    link = open_link(bind_mode="pair")
    assert sorted(bound_as(smsc)) == ["receiver", "transmitter"]
    link.send([segment(1)])
    sink.wait_outcomes(1)
    assert isinstance(sink.result_of(1), Accepted)
    smsc.request(RECEIPT)
    sink.wait_reports(1)
    assert isinstance(sink.reports[0], Receipt)
    link.answer(sink.reports, stored=True)
    smsc.wait("the answer", lambda: smsc.answers)
    assert smsc.answers[0].command_status == 0


def test_the_loss_of_the_receiver_costs_no_answer_and_rebinds_only_it(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = say_nothing
    link = open_link(bind_mode="pair")
    link.send([segment(1)])
    smsc.wait_submits(1)
    smsc.drop(Mode.RECEIVER)
    assert "receiver: connection lost" in sink.wait_state(LinkState.DOWN)
    sink.wait_state(LinkState.UP, times=2)
    smsc.answer(smsc.submits[0], SubmitSmResp(message_id="7"))
    sink.wait_outcomes(1)
    assert isinstance(sink.result_of(1), Accepted)
    assert sorted(bound_as(smsc)) == ["receiver", "receiver", "transmitter"]
    assert link.room() > 0


def test_the_loss_of_the_transmitter_costs_no_receipt_and_rebinds_only_it(
    smsc: FakeSmsc, sink: RecordingSink, open_link: Opener
) -> None:
    smsc.on_submit = say_nothing
    link = open_link(bind_mode="pair")
    smsc.request(RECEIPT)
    sink.wait_reports(1)
    link.send(segments(2))
    smsc.wait_submits(2)
    smsc.drop(Mode.TRANSMITTER)
    sink.wait_outcomes(2)
    assert isinstance(sink.result_of(0), OutcomeUnknown)
    link.answer(sink.reports, stored=True)
    smsc.wait("the answer", lambda: smsc.answers)
    sink.wait_state(LinkState.UP, times=2)
    assert sorted(bound_as(smsc)) == ["receiver", "transmitter", "transmitter"]


def test_both_of_a_pair_say_goodbye(smsc: FakeSmsc, sink: RecordingSink, open_link: Opener) -> None:
    open_link(bind_mode="pair").stop(drain_s=0)
    smsc.wait("both ends", lambda: len(smsc.endings) == 2)
    assert smsc.endings == ["the peer unbound"] * 2
