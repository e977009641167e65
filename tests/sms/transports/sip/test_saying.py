"""An edge over real sockets: what clients say."""

import threading
import zlib

import pytest

from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.transports.base import (
    Receipt,
    Refusal,
)
from tests.sms.transports.sip.conftest import Bench, say

pytestmark = pytest.mark.sockets


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
