"""Keep the NATs open before clients that are reached by datagrams. Source: RFC 5626 §3.5."""

from collections.abc import Iterable

from sms.transports.sip.flow import UDP, Flow
from sms.transports.sip.registrar import Binding


class KeepAlive:
    """Who is due for a few octets; each client in its own second."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._done: dict[Flow, float] = {}

    def due(self, bindings: Iterable[Binding], now: float) -> list[Flow]:
        """List the flows that have been silent for long enough, and count them as served."""
        flows = {binding.flow for binding in bindings if binding.flow.transport == UDP}
        self._done = {flow: self._done.get(flow, now) for flow in flows}
        due = [flow for flow, at in self._done.items() if now - at >= self._every_s]
        self._done |= dict.fromkeys(due, now)
        return due
