"""Links as an operator has them: two good ones, a slow one, one that is away, an edge."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sms.lifecycle import CircuitState, LinkMode, LinkState
from sms.models import Health, Link, Route, Slot

_LIVES = timedelta(hours=12)
"""So long its workers seem to be there."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A link, and how it does; times in seconds."""

    name: str
    sent_s: float
    delivered_s: float
    fails: float
    """Share of messages that do not arrive."""
    share: float
    """Of the messages."""
    binds: int = 1
    tps: int = 100
    kind: str = "smpp"
    state: LinkState = LinkState.UP
    detail: str = ""
    mode: LinkMode = LinkMode.RUN


CARRIERS = (
    Carrier("rheintel-de", 0.06, 2.5, 0.02, 0.46, binds=2, tps=200),
    Carrier("northwave-eu", 0.11, 4.0, 0.04, 0.32, tps=100),
    Carrier("budget-world", 2.4, 38.0, 0.17, 0.16, tps=20),
    Carrier(
        *("atlas-us", 0.2, 6.0, 0.05, 0.0),
        state=LinkState.DOWN,
        detail="connection refused",
    ),
    Carrier("reserve", 0.1, 3.0, 0.03, 0.0, mode=LinkMode.PAUSE, state=LinkState.PAUSED),
    Carrier("lobby", 0.02, 0.05, 0.06, 0.06, kind="sip"),
)
_ROUTES = (
    *(("49", "rheintel-de", 10, 3, "0.062"), ("49", "northwave-eu", 10, 1, "0.058")),
    *(("", "northwave-eu", 10, 1, "0.071"), ("", "budget-world", 20, 1, "0.034")),
    *(("1", "atlas-us", 10, 1, "0.008"), ("1", "budget-world", 20, 1, "0.021")),
    ("44", "reserve", 30, 1, "0.045"),
)


def make(now: datetime) -> dict[str, Link]:
    """Make the links; return them by name."""
    links = {carrier.name: _link(carrier, port) for port, carrier in enumerate(CARRIERS, 2775)}
    for carrier in CARRIERS:
        _slots(links[carrier.name], carrier, now)
    for link in links.values():
        Health.objects.create(link=link, changed_at=now - timedelta(days=2))
    Health.objects.filter(link=links["atlas-us"]).update(
        circuit=CircuitState.OPEN,
        reason="5 broken lines in a row",
        changed_at=now - timedelta(minutes=41),
        retry_at=now + timedelta(seconds=200),
    )
    for prefix, name, priority, weight, price in _ROUTES:
        Route.objects.create(
            prefix=prefix,
            link=links[name],
            priority=priority,
            weight=weight,
            price_per_segment=Decimal(price),
        )
    return links


def _link(carrier: Carrier, port: int) -> Link:
    return Link.objects.create(
        name=carrier.name,
        kind=carrier.kind,
        host="192.0.2.10" if carrier.kind == "sip" else f"smpp.{carrier.name}.example",
        port=port,
        system_id="cpaas" if carrier.kind == "smpp" else "",
        binds=carrier.binds,
        max_tps=carrier.tps,
        mode=carrier.mode,
    )


def _slots(link: Link, carrier: Carrier, now: datetime) -> None:
    for number in range(1, carrier.binds + 1):
        busy = carrier.state is LinkState.UP
        Slot.objects.create(
            link=link,
            number=number,
            owner=f"showcase-{number}",
            host="worker-1.example",
            pid=4000 + number,
            owned_until=now + _LIVES,
            state=carrier.state,
            detail=carrier.detail,
            tps=carrier.tps / carrier.binds if busy else 0,
            throughput=round(carrier.share * 9 / carrier.binds, 1) if busy else 0,
            in_flight=round(carrier.share * 12) if busy else 0,
            changed_at=now - timedelta(hours=5, minutes=7 * number),
        )
