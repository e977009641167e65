"""Messages from handsets over two binds of one link, in two workers, over TCP."""

import random
from dataclasses import replace

import pytest

from accounts.models import PhoneNumber
from sms.models import Arrival, Link, Message
from sms.transports.simulator.handset import Manner, inbound
from sms.transports.simulator.mailbox import Delivery
from tests.fakes.carrier import Carrier
from tests.sms.worker.conftest import Start, is_up, until

pytestmark = [pytest.mark.sockets, pytest.mark.django_db(transaction=True)]

MESSAGES = 200


def texts() -> list[str]:
    return [f"{number:03}" * 150 for number in range(MESSAGES)]


def shuffled(number: PhoneNumber) -> list[Delivery]:
    """Make messages of three parts; senders share references; a third of the parts comes twice."""
    dice = random.Random(7)
    parts = [
        delivery
        for n, text in enumerate(texts())
        for delivery in inbound(f"1555{n // 5:07}", number.key, text, n % 5, Manner("udh16"))
    ]
    parts += [
        Delivery(replace(one.pdu), is_receipt=False) for one in dice.sample(parts, len(parts) // 3)
    ]
    dice.shuffle(parts)
    return parts


def test_interleaved_parts_over_two_binds_make_each_message_once(
    start: Start, number: PhoneNumber, link: Link, carrier: Carrier
) -> None:
    Link.objects.filter(id=link.id).update(binds=2)
    start()
    start()
    until("both binds", lambda: is_up(2))
    parts = shuffled(number)
    assert len(parts) == MESSAGES * 4
    carrier.deliver(parts)
    until("the acknowledgements", lambda: carrier.stats()["mo_acked"] == len(parts))
    bodies = Message.objects.values_list("body", flat=True)
    assert sorted(bodies) == texts()
    assert Arrival.objects.values("session").distinct().count() == 2
