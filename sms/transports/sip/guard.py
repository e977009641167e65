"""What strangers get of us: little, and not often.

An answer to a datagram goes to whatever address was written on it; so what is answered
before a password was checked is counted, by source. Passwords that are tried are counted
apart, and more narrowly. Source: RFC 3261 §26.3.2.4.
"""

import ipaddress
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from sms.transports.sip.message import Request

_SCANNERS: Final = re.compile(
    r"friendly-scanner|sipvicious|sip-?scan|sipcli|sundayddr|pplsip|vaxsipuseragent"
    r"|sipptk|eyebeam-attack|svwar|svcrack|svmap|nm@nm|voip-?scan|masscan|nmap",
    re.I,
)
"""Names under which known scanners introduce themselves."""

_SOURCES_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much each source may cost us."""

    burst: int
    per_s: float


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Guard:
    """Counts what is answered to those who have not proved who they are."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._sources: OrderedDict[str, _Bucket] = OrderedDict()

    def admits(self, host: str, now: float) -> bool:
        """Say whether a source may have one more answer, and count it."""
        source = source_of(host)
        bucket = self._sources.get(source)
        if bucket is None:
            bucket = self._sources[source] = _Bucket(float(self._allowance.burst), now)
            while len(self._sources) > _SOURCES_MAX:
                self._sources.popitem(last=False)
        self._sources.move_to_end(source)
        refill = (now - bucket.at) * self._allowance.per_s
        bucket.left, bucket.at = min(bucket.left + refill, self._allowance.burst), now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True

    def give_back(self, host: str) -> None:
        """Take back one count: it was a client, of many behind one NAT perhaps."""
        if bucket := self._sources.get(source_of(host)):
            bucket.left = min(bucket.left + 1, self._allowance.burst)


def source_of(host: str) -> str:
    """Tell whom an address belongs to: of IPv6, everybody has 2⁶⁴ of them."""
    if ":" not in host:
        return host
    try:
        return ipaddress.IPv6Address(host).packed[:8].hex()
    except ValueError:  # from a proxy's header, perhaps
        return host


def is_scanner(request: Request) -> bool:
    """Say whether a request is a known scanner's, by the names it goes by."""
    return any(_SCANNERS.search(request.headers.get(name)) for name in ("user-agent", "from"))
