"""Octets that came in: read, and handed to who knows what to do with them."""

import logging
from collections.abc import Callable
from contextlib import suppress

from sms.transports.sip.fields import Malformed
from sms.transports.sip.flow import Flow
from sms.transports.sip.message import Request, parse, salvage
from sms.transports.sip.sender import Sender
from sms.transports.sip.server import Server

logger = logging.getLogger(__name__)


class Reader:
    """Takes messages; whatever they are, the edge lives on."""

    def __init__(self, server: Server, sender: Sender, *, cut_off: Callable[[Flow], None]) -> None:
        """`cut_off` is called with strangers who do not speak SIP."""
        self._server = server
        self._sender = sender
        self._cut_off = cut_off

    def take(self, flow: Flow, data: bytes) -> None:
        """Take one whole message."""
        try:
            message = parse(data)
            if isinstance(message, Request):
                self._server.receive(message, flow)
            else:
                self._sender.receive(message)
        except Malformed as error:
            self._complain(flow, data, error)
        except Exception:
            logger.exception("a message to a SIP edge could not be handled")

    def _complain(self, flow: Flow, data: bytes, error: Malformed) -> None:
        logger.debug("malformed message: %s", error.reason)
        with suppress(Malformed):
            if request := salvage(data):
                self._server.complain(request, flow, error)
                return
        self._cut_off(flow)
