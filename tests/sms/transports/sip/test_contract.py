"""The edge as a transport like any other: its peer is a client that is registered."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from sms.transports.base import Transport
from sms.transports.sip.edge import SipEdge
from tests.fakes.sink import RecordingSink
from tests.fakes.sip_client import Heard, SipClient, UdpWire
from tests.fakes.sip_office import MemoryOffice, subscriber
from tests.sms.transports.contract import TransportContract
from tests.sms.transports.sip.conftest import QUICK, settings

pytestmark = pytest.mark.sockets

LOGIN = "15551234567"
"""The recipient of the contract's segments is a number: a client may well be called so."""

IMDN = b"""<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn">
<message-id>7</message-id><delivery-notification><status><delivered/></status>
</delivery-notification></imdn>"""


class Phone:
    """A registered softphone, and the edge's machine: its network may go away."""

    def __init__(self) -> None:
        self._settings = settings(window_size=10)
        self._office = MemoryOffice(subscriber(LOGIN))
        self._client = SipClient(UdpWire(self._settings.port), LOGIN)
        self._edge: SipEdge | None = None
        self._reports: list[Heard] = []
        self._thread: threading.Thread | None = None

    def connect(self, sink: RecordingSink) -> Transport:
        self._edge = SipEdge(self._settings, sink, self._office, policy=QUICK)
        if not self._office.bindings:
            self._register_beforehand()
        return self._edge

    def _register_beforehand(self) -> None:
        """Register at an earlier run of the edge: it was at the same port."""
        earlier = SipEdge(self._settings, RecordingSink(), self._office, policy=QUICK)
        earlier.start()
        while not earlier.room():
            time.sleep(0.01)
        assert self._client.register().status == 200
        earlier.stop(drain_s=0)

    def be_silent(self) -> None:
        self._client.answer = lambda message: None

    def wait_segments(self, count: int) -> None:
        self._client.wait_messages(count)

    def go_away(self) -> None:
        assert self._edge
        self._edge._loop.call_soon_threadsafe(self._edge.on_failed, "no network")

    def come_back(self) -> None:
        """It does by itself."""

    def report(self) -> None:
        def say() -> None:
            with suppress(AssertionError):  # where the test lets it go unanswered
                self._reports.append(self._client.say("1500", IMDN, kind="message/imdn+xml"))

        self._thread = threading.Thread(target=say, daemon=True)
        self._thread.start()

    def wait_report_answer(self, *, stored: bool) -> None:
        assert self._thread
        self._thread.join(10)
        assert self._reports.pop().status == (200 if stored else 503)

    def close(self) -> None:
        self._client.close()
        if self._edge:
            self._edge.stop(drain_s=0)


class TestSipMeetsTheContract(TransportContract):
    @pytest.fixture
    def peer(self) -> Iterator[Phone]:
        phone = Phone()
        yield phone
        phone.close()
