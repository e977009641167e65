"""Long messages to one recipient over two binds of one link, in two workers, over TCP."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from sms.models import Link, Message
from sms.transports.smpp.user_data import read_user_data
from tests.fakes.smsc import FakeSmsc
from tests.sms.conftest import MakeMessage
from tests.sms.worker.conftest import Start, is_up, until

pytestmark = [pytest.mark.sockets, pytest.mark.django_db(transaction=True)]

MESSAGES = 300


@pytest.fixture
def smsc() -> Iterator[FakeSmsc]:
    with FakeSmsc() as smsc:
        yield smsc


@pytest.fixture
def link(db: None, smsc: FakeSmsc) -> Link:
    return Link.objects.create(
        name="carrier", host="127.0.0.1", port=smsc.port, system_id="me", binds=2
    )


def test_two_binds_share_the_references_of_a_recipient(
    start: Start, link: Link, smsc: FakeSmsc, make_message: MakeMessage
) -> None:
    pumps = start(), start()
    until("both binds", lambda: is_up(2))
    texts = {make_message(body=f"{n:03}" * 70).body for n in range(MESSAGES)}
    for pump in pumps:
        pump.wake()
    smsc.wait_submits(2 * MESSAGES)
    parts: dict[int, list[bytes]] = defaultdict(list)
    for pdu in smsc.submits:
        data = read_user_data(pdu)
        assert (data.concatenation.parts, data.concatenation.scheme) == (2, "udh8")
        parts[data.concatenation.reference].append(data.octets)
    rows = dict(Message.objects.values_list("body", "reference"))
    assert set(rows) == texts and None not in rows.values()
    # 16 bits of a count that both shared: the 8 of the header come again after 255 others.
    assert len(set(rows.values())) == MESSAGES
    assert sorted(len(octets) for octets in parts.values()) == [2] * 212 + [4] * 44
    for body, reference in rows.items():
        assert {body[:153].encode(), body[153:].encode()} <= set(parts[(reference or 0) % 0x100])
