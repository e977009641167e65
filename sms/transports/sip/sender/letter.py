"""A message as the octets of a MESSAGE. Source: RFC 3428 §4."""

import secrets
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

from sms.transports.base import Outbound
from sms.transports.sip.fields import escaped_user, quoted
from sms.transports.sip.message import Headers, Request
from sms.transports.sip.registrar import Binding
from sms.transports.sip.settings import SipSettings

CLIENT_PREFIX: Final = "client:"


def login_of(outbound: Outbound) -> str:
    """Tell which client a message is for, in lower case."""
    return outbound.recipient.removeprefix(CLIENT_PREFIX).lower()


class Letters:
    """Writes a message to each place of its client."""

    def __init__(self, settings: SipSettings, wall: Callable[[], float]) -> None:
        self._domain = settings.domain
        host = settings.public_host or settings.domain
        self._local = f"{f'[{host}]' if ':' in host else host}:{settings.port}"
        """Our address for Via."""
        self._wall = wall

    def write(self, outbound: Outbound, binding: Binding, call_id: str) -> tuple[str, bytes]:
        """Return the branch and the octets of a request. Raises Unwritable."""
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        rows = (
            ("via", f"SIP/2.0/{binding.flow.transport} {self._local};branch={branch};rport"),
            ("max-forwards", "70"),
            ("from", f"{self._sender(outbound.sender)};tag={call_id[:8]}"),
            ("to", f"<sip:{escaped_user(login_of(outbound))}@{self._domain}>"),
            ("call-id", call_id),
            ("cseq", "1 MESSAGE"),
            ("date", formatdate(self._wall(), usegmt=True)),
            ("content-type", "text/plain;charset=UTF-8"),
        )
        body = outbound.text.encode("utf-8", errors="replace")
        request = Request(Headers(rows), body, method="MESSAGE", uri=binding.contact)
        return branch, request.to_bytes()

    def _sender(self, sender: str) -> str:
        name = sender.removeprefix(CLIENT_PREFIX)
        display = "" if name.isascii() and name.replace("+", "").isalnum() else f"{quoted(name)} "
        return f"{display}<sip:{escaped_user(name)}@{self._domain}>"
