"""A client of an SMSC: binds, submits, and remembers what it heard."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from sms.transports.simulator.smsc import Smsc
from sms.transports.smpp.codec import (
    Bind,
    BindTransceiver,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    SubmitSm,
)
from sms.transports.smpp.session import (
    Answered,
    BindRefused,
    Bound,
    RequestReceived,
    Role,
    Session,
    SessionOver,
)

WAIT_S = 5.0


class Esme(asyncio.Protocol):
    """A client on the same session code that remembers what it heard."""

    def __init__(self) -> None:
        self.session = Session(Role.ESME, now=time.monotonic(), window_size=1000)
        self.answers: list[Pdu] = []
        self.delivered: list[DeliverSm] = []
        self.refused_with: int | None = None
        self.is_bound = self.is_gone = False
        self.delivery_status = 0
        self._changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        self._changed.set()

    def data_received(self, data: bytes) -> None:
        for event in self.session.receive_data(data, time.monotonic()):
            if isinstance(event, Answered):
                self.answers.append(event.pdu)
            elif isinstance(event, RequestReceived):
                assert isinstance(event.pdu, DeliverSm)
                self.delivered.append(event.pdu)
                if self.delivery_status >= 0:
                    response = DeliverSmResp(command_status=self.delivery_status)
                    self.session.answer(event.pdu, response)
            elif isinstance(event, Bound):
                self.is_bound = True
            elif isinstance(event, BindRefused):
                self.refused_with = event.command_status
            elif isinstance(event, SessionOver):
                self.is_bound = False
        self.transport.write(self.session.data_to_send())
        self._changed.set()

    def ask(self, *pdus: Pdu) -> None:
        for pdu in pdus:
            self.session.request(pdu, now=time.monotonic())
        self.transport.write(self.session.data_to_send())

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @property
    def statuses(self) -> list[int]:
        return [pdu.command_status for pdu in self.answers]


async def connect(smsc: Smsc, bind: Bind | None = None) -> Esme:
    loop = asyncio.get_running_loop()
    _, esme = await loop.create_connection(Esme, smsc.host, smsc.port)
    esme.ask(bind or BindTransceiver(system_id="demo", password="secret"))
    await esme.until(lambda: esme.is_bound or esme.refused_with is not None)
    return esme


def submit(destination: str = "15551234567", text: bytes = b"Hello", **more: Any) -> SubmitSm:
    return SubmitSm(
        source_addr="15005550006",
        destination_addr=destination,
        short_message=text,
        **{"registered_delivery": 1, **more},
    )
