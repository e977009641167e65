"""What an application sees, from POST to GET, of what SMSCs that we did not write say."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from accounts.models import Account, PhoneNumber
from sms.models import Event
from tests.fakes.shop import End, Shop
from tests.foreign.peer import ForeignPeer, missing_node, missing_rust, node, rust

pytestmark = [pytest.mark.sockets, pytest.mark.django_db(transaction=True)]

needs_node = pytest.mark.skipif(bool(missing_node()), reason=missing_node())
needs_rust = pytest.mark.skipif(bool(missing_rust()), reason=missing_rust())

Open = Callable[..., Shop]


@pytest.fixture
def open_shop(account: Account, number: PhoneNumber) -> Iterator[Open]:
    opened: list[tuple[Shop, ForeignPeer]] = []

    def open_one(peer: ForeignPeer, *, timeout_s: int = 30) -> Shop:
        shop = Shop(account, port=peer.port, window_size=50, response_timeout_s=timeout_s)
        opened.append((shop, peer))
        shop.open()
        return shop

    yield open_one
    for shop, peer in opened:
        shop.close()
        peer.close()


ANSWERS: dict[str, End] = {  # by command_status, in decimal
    "3010": ("failed", 30007),  # ESME_RINVSRCADR
    "3011": ("failed", 30005),  # ESME_RINVDSTADR
    "3101": ("failed", 30008),  # ESME_RX_P_APPN
    "3102": ("failed", 30004),  # ESME_RX_R_APPN
    "3254": ("failed", 30006),  # ESME_RDELIVERYFAILURE
    "3001": ("failed", 30008),  # ESME_RINVMSGLEN
}
NETWORK: dict[str, End] = {  # by network_error_code
    "5001": ("undelivered", 30005),  # unknownSubscriber
    "5027": ("undelivered", 30003),  # absentSubscriber
    "5021": ("undelivered", 30006),  # facilityNotSupported
    "5013": ("undelivered", 30004),  # callBarred
    "5099": ("undelivered", 30008),
}
TEXTS: dict[str, End] = {
    "0000": ("delivered", None),
    "0001": ("delivered", None),  # by TLVs alone
    "0002": ("delivered", None),  # in message_payload
    "0004": ("failed", 30004),  # REJECTD, esm_class 0
    "0005": ("delivered", None),  # before the answer
    "0007": ("undelivered", 30005),  # by data_sm
    "0008": ("delivered", None),  # several, and out of order
    "0010": ("failed", 30003),  # EXPIRED, by data_sm and TLVs
    "2000": ("undelivered", 30003),  # no err: the handset
    "2008": ("undelivered", 30003),
    "2022": ("undelivered", 30004),
    "2001": ("undelivered", 30005),
    "2010": ("undelivered", 30006),
    "2231": ("undelivered", 30007),
    "2999": ("undelivered", 30008),
    "0090": ("failed", 30090),  # no answer
}
STATES: dict[str, End] = {  # by message_state alone
    "4002": ("delivered", None),
    "4003": ("failed", 30003),  # EXPIRED
    "4004": ("failed", 30008),  # DELETED
    "4005": ("undelivered", 30003),  # UNDELIVERABLE
    "4008": ("failed", 30004),  # REJECTED
    "4001": ("sent", None),  # ENROUTE
}


@pytest.mark.parametrize(
    ("start", "ends"),
    [
        pytest.param(node, ANSWERS | NETWORK | TEXTS, marks=needs_node, id="npm smpp"),
        pytest.param(rust, ANSWERS | NETWORK | STATES, marks=needs_rust, id="PyPI smpp34"),
    ],
)
def test_the_api_shows_what_each_answer_and_receipt_means(
    open_shop: Open, start: Callable[[], ForeignPeer], ends: dict[str, End]
) -> None:
    # smpp34 waits for the answer to each receipt before it takes the next message.
    shop = open_shop(start(), timeout_s=3 if "0090" in ends else 30)
    expected = {f"1555000{end}": shown for end, shown in ends.items()}
    sids = shop.send(expected)
    shop.wait_ends(sids, expected)
    codes = {code for _, code in ends.values() if code}
    assert codes >= set(range(30003, 30009))


@needs_node
def test_several_receipts_are_one_end_and_a_timeline(open_shop: Open) -> None:
    shop = open_shop(node())
    sids = shop.send(["15550000008"])
    shop.wait_ends(sids, {"15550000008": ("delivered", None)})

    def told() -> list[str]:
        events = Event.objects.filter(message__sid=sids["15550000008"])
        assert {event.kind for event in events} <= {Event.Kind.RECEIPT}
        return [event.raw.split("stat:")[1][:7] for event in events]

    shop.wait("its other receipts", lambda: len(told()) == 3)
    assert sorted(told()) == ["ACCEPTD", "ENROUTE", "UNDELIV"]


@needs_node
@pytest.mark.parametrize(
    ("end", "body"), [("0030", "Hello from deliver"), ("0031", "Hello from data")]
)
def test_an_inbound_message_is_listed(open_shop: Open, end: str, body: str) -> None:
    shop = open_shop(node())
    shop.send([f"1555000{end}"])

    def inbound() -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = shop.desk.list().json()["messages"]
        return [message for message in messages if message["direction"] == "inbound"]

    shop.wait("the inbound message", inbound)
    (message,) = inbound()
    assert (message["body"], message["status"]) == (body, "received")
    assert (message["from"], message["to"]) == (f"1555000{end}", "19876543212")


@pytest.mark.parametrize("status", ["3020", "3088"], ids=["queue full", "throttled"])
@pytest.mark.parametrize(
    "start", [pytest.param(node, marks=needs_node), pytest.param(rust, marks=needs_rust)]
)
def test_a_full_peer_is_30001_when_the_validity_ends(
    open_shop: Open, start: Callable[[], ForeignPeer], status: str
) -> None:
    shop = open_shop(start())
    expected: dict[str, End] = {f"1555000{status}": ("failed", 30001)}
    with override_settings(SMS_VALIDITY_S=2):
        sids = shop.send(expected)
    shop.wait_ends(sids, expected)
