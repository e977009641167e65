import pytest

from sms import receive
from sms.lifecycle import Status
from sms.models import Link
from sms.timeline import timeline
from sms.transports.base import Receipt
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db


def test_a_timeline_tells_causes_before_effects_in_the_peers_words(
    bench: Bench, link: Link, make_message: MakeMessage
) -> None:
    message = make_message()
    bench.turn()
    key = message.segments.get().remote_key
    receive.receipts(
        [Receipt(key, (key,), Status.DELIVERED, None, "stat:DELIVRD")], link_id=link.id
    )
    message.refresh_from_db()
    told = [(entry.what, entry.raw) for entry in timeline(message)]
    whats = [what for what, _ in told]
    assert whats[:4] == [
        "outbound-api message accepted, for link carrier",
        "segment 1 submitted over carrier",
        "segment 1 answered",
        "sent: the peer has every segment",
    ]
    assert ("segment 1 receipt: delivered", "stat:DELIVRD") in told
    assert "callback “sent” owed" in whats and "callback “delivered” owed" in whats
