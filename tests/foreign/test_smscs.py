"""Our link against SMSCs that we did not write."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sms.errors import ErrorCode
from sms.lifecycle import LinkState, Status
from sms.text import Encoding
from sms.transports.base import (
    Accepted,
    OutcomeUnknown,
    Receipt,
    Report,
    TransportError,
)
from sms.transports.smpp.link import SmppLink
from tests.fakes.certificates import Authority
from tests.fakes.sink import RecordingSink
from tests.foreign.peer import ForeignPeer, missing_node, missing_rust, node, rust
from tests.sms.transports.contract import fill, segment
from tests.sms.transports.smpp.conftest import QUICK, settings

pytestmark = pytest.mark.sockets

needs_node = pytest.mark.skipif(bool(missing_node()), reason=missing_node())
needs_rust = pytest.mark.skipif(bool(missing_rust()), reason=missing_rust())

Start = Callable[[], ForeignPeer]
Dial = Callable[..., SmppLink]

either = pytest.mark.parametrize(
    "start", [pytest.param(node, marks=needs_node), pytest.param(rust, marks=needs_rust)]
)


class AcknowledgingSink(RecordingSink):
    """Acknowledges each report at once: some peers send no other before."""

    link: SmppLink

    def report(self, report: Report) -> None:
        super().report(report)
        self.link.answer([report], stored=True)


@pytest.fixture
def sink() -> AcknowledgingSink:
    return AcknowledgingSink()


@pytest.fixture
def dial(sink: AcknowledgingSink) -> Iterator[Dial]:
    opened: list[tuple[SmppLink, ForeignPeer]] = []

    def dial(peer: ForeignPeer, *, until: LinkState = LinkState.UP, **values: object) -> SmppLink:
        link = SmppLink(settings(peer.port, **values), sink, policy=QUICK)
        opened.append((link, peer))
        sink.link = link
        link.start()
        sink.wait_state(until)
        return link

    yield dial
    for link, peer in opened:
        link.stop(drain_s=0)
        peer.close()


def receipts(sink: RecordingSink) -> list[Receipt]:
    return [report for report in sink.reports if isinstance(report, Receipt)]


@either
def test_messages_are_taken_and_their_receipts_find_them(
    start: Start, sink: RecordingSink, dial: Dial
) -> None:
    link = dial(start())
    fill(link, [segment(key, recipient=f"1555{key:06}9") for key in range(50)], sink)
    sink.wait_outcomes(50)
    sink.wait_reports(50)
    waiting = {}
    for outcome in sink.outcomes:
        assert isinstance(outcome.result, Accepted)
        waiting[outcome.result.remote_key] = outcome.key
    for receipt in receipts(sink):
        assert receipt.status is Status.DELIVERED
        found = next(key for key in receipt.remote_keys if key in waiting)
        del waiting[found]
    assert waiting == {}


@either
@pytest.mark.parametrize(
    ("end", "code", "permanent"),
    [("0058", 30001, False), ("0011", 30005, True), ("0020", 30001, False)],
)
def test_refusals_are_read(
    start: Start, sink: RecordingSink, dial: Dial, end: str, code: int, permanent: bool
) -> None:
    dial(start()).send([segment(1, recipient=f"1555000{end}")])
    sink.wait_outcomes(1)
    result = sink.result_of(1)
    assert isinstance(result, TransportError)
    assert (result.code, result.permanent) == (code, permanent)


@either
def test_a_failed_delivery_is_read(start: Start, sink: RecordingSink, dial: Dial) -> None:
    dial(start()).send([segment(1, recipient="15550000003")])
    sink.wait_reports(1)
    (receipt,) = receipts(sink)
    assert (receipt.status, receipt.code) == (Status.UNDELIVERED, ErrorCode.UNREACHABLE_HANDSET)


@needs_node
@pytest.mark.parametrize(
    ("end", "status", "code"),
    [
        ("0001", Status.DELIVERED, None),
        ("0002", Status.DELIVERED, None),
        ("0004", Status.FAILED, 30004),
        ("0005", Status.DELIVERED, None),
        ("0006", Status.UNDELIVERED, 30004),
    ],
    ids=["TLVs only", "payload", "esm_class 0", "before the answer", "network error"],
)
def test_receipts_of_every_form_are_read_and_acknowledged(
    sink: RecordingSink, dial: Dial, end: str, status: Status, code: int | None
) -> None:
    peer = node()
    dial(peer).send([segment(1, recipient=f"1555000{end}")])
    sink.wait_reports(1)
    sink.wait_outcomes(1)
    (receipt,) = receipts(sink)
    assert (receipt.status, receipt.code) == (status, code)
    accepted = sink.result_of(1)
    assert isinstance(accepted, Accepted) and accepted.remote_key in receipt.remote_keys
    peer.wait(lambda: {"answer": 0} in peer.told)


@needs_node
def test_a_pair_of_binds_shares_the_work(sink: RecordingSink, dial: Dial) -> None:
    dial(node(), bind_mode="pair").send([segment(1)])
    sink.wait_outcomes(1)
    sink.wait_reports(1)
    assert isinstance(sink.result_of(1), Accepted)


@needs_node
def test_a_wrong_password_is_refused_and_told(sink: RecordingSink, dial: Dial) -> None:
    dial(node(), until=LinkState.REFUSED, password="wrong")
    assert "ESME_RINVPASWD" in sink.wait_state(LinkState.REFUSED)


@needs_node
@pytest.mark.parametrize("name", ["localhost", "elsewhere.example"])
def test_its_tls_is_spoken_and_its_name_checked(
    sink: RecordingSink, dial: Dial, tmp_path: Path, name: str
) -> None:
    authority = Authority()
    pem = tmp_path / "server.pem"
    pem.write_bytes(authority.server_pem(name))
    state = LinkState.UP if name == "localhost" else LinkState.DOWN
    values = {"host": "localhost", "tls": True, "tls_ca": authority.pem}
    dial(node(TLS_PEM=str(pem)), until=state, **values)
    assert ("Hostname mismatch" in sink.wait_state(state)) == (state is LinkState.DOWN)


@needs_node
def test_a_line_cut_in_the_middle_leaves_nobody_guessing(sink: RecordingSink, dial: Dial) -> None:
    link = dial(node())
    link.send([segment(1, recipient="15550000077"), segment(2, recipient="15550000090")])
    sink.wait_outcomes(2)
    assert isinstance(sink.result_of(1), OutcomeUnknown)
    assert isinstance(sink.result_of(2), OutcomeUnknown)
    sink.wait_state(LinkState.UP, times=2)
    fill(link, [segment(3)], sink)
    sink.wait_outcomes(3)
    assert isinstance(sink.result_of(3), Accepted)


@needs_node
@pytest.mark.parametrize("way", ["udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("body", ["Good day. " * 40, "Добрый день. " * 20])
def test_a_long_text_arrives_whole(sink: RecordingSink, dial: Dial, way: str, body: str) -> None:
    peer = node()
    link = dial(peer, long_messages=way)
    cut = link.split(body, Encoding.GSM if body.isascii() else Encoding.UCS2)
    parts = [
        segment(n, text=text, encoding=cut.encoding, part=n, parts=len(cut.texts), reference=300)
        for n, text in enumerate(cut.texts, start=1)
    ]
    fill(link, parts, sink)
    peer.wait(lambda: len(peer.submits()) == len(parts))
    arrived = peer.submits()
    assert "".join(told["payload"] or told["text"] for told in arrived) == body
    # Its parser leaves out the length of the header and of the element.
    header = {"udh8": "00032c", "udh16": "0804012c"}.get(way, "")
    assert {told["udh"][: len(header)] for told in arrived} == {header}
    if way == "sar":
        assert [told["sar"][1:] for told in arrived] == [
            [len(parts), n] for n in range(1, len(parts) + 1)
        ]
