"""A message as the octets of a MESSAGE. Source: RFC 3428 §4."""

import re
import secrets
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

from sms.text import cut_utf8
from sms.transports.base import Outbound
from sms.transports.sip.fields import escaped_user, host_in_uri, quoted
from sms.transports.sip.flow import TCP, UDP
from sms.transports.sip.message import Headers, Request
from sms.transports.sip.registrar import Binding
from sms.transports.sip.settings import SipSettings

CLIENT_PREFIX: Final = "client:"
UDP_LIMIT: Final = 1_300
"""Octets of a request where the network may be congested unseen. Source: RFC 3428 §8."""
_LENGTH_DIGITS: Final = 3
"""Of Content-Length, beyond the one that stands for nothing."""
_SHORTEST_PART: Final = 100
"""Octets of text; with less of it in each request something else is too long."""


def login_of(outbound: Outbound) -> str:
    """Tell which client a message is for, in lower case."""
    return outbound.recipient.removeprefix(CLIENT_PREFIX).lower()


class Letters:
    """Writes a message to each place of its client."""

    def __init__(self, settings: SipSettings, wall: Callable[[], float]) -> None:
        self._domain = host_in_uri(settings.domain)
        self._local = f"{host_in_uri(settings.public_host or settings.domain)}:{settings.port}"
        """Our address for Via."""
        self._is_near = settings.vouches
        self._wall = wall

    def cut(self, outbound: Outbound, binding: Binding) -> list[str]:
        """Cut a text into what goes out in one request each; empty where not even that fits.

        Over UDP, since datagrams do not heed congestion. Our own network, towards proxies,
        has room for any size. Raises Unwritable. Source: RFC 3428 §8.
        """
        text = outbound.text
        if binding.flow.transport != UDP or self._is_near(binding.flow):
            return [text]
        _, empty = self.write(outbound, binding, "", secrets.token_hex(16))
        room = UDP_LIMIT - len(empty) - _LENGTH_DIGITS
        if len(text.encode("utf-8", "replace")) <= room:
            return [text]
        return cut_utf8(text, room) if room >= _SHORTEST_PART else []

    def write(
        self, outbound: Outbound, binding: Binding, text: str, call_id: str
    ) -> tuple[str, bytes]:
        """Return the branch and the octets of a request. Raises Unwritable."""
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        rows = (
            ("via", f"SIP/2.0/{_transport(binding)} {self._local};branch={branch};rport"),
            ("max-forwards", "70"),
            ("from", f"{self._sender(outbound.sender)};tag={call_id[:8]}"),
            ("to", f"<sip:{escaped_user(login_of(outbound))}@{self._domain}>"),
            ("call-id", call_id),
            ("cseq", "1 MESSAGE"),
            ("date", formatdate(self._wall(), usegmt=True)),
            ("content-type", "text/plain;charset=UTF-8"),
        )
        body = text.encode("utf-8", errors="replace")
        request = Request(Headers(rows), body, method="MESSAGE", uri=binding.contact)
        return branch, request.to_bytes()

    def _sender(self, sender: str) -> str:
        name = sender.removeprefix(CLIENT_PREFIX)
        display = "" if name.isascii() and name.replace("+", "").isalnum() else f"{quoted(name)} "
        return f"{display}<sip:{escaped_user(name)}@{self._domain}>"


def _transport(binding: Binding) -> str:
    """Name the transport as the client sees it: a proxy before our TCP port may end TLS.

    Told of TCP, a client that speaks TLS would answer over a connection of its own.
    """
    is_secure = re.search(r"^sips:|;transport=tls(?![\w-])", binding.contact, re.I)
    return "TLS" if binding.flow.transport == TCP and is_secure else binding.flow.transport
