"""What the script draws, as JSON."""

from collections.abc import Mapping
from typing import Any

from sms.lifecycle import Status
from sms.models import Delay
from sms.statistics.reading import Period, Traffic

LINES = 6
"""So many links, the busiest: more lines nobody can tell apart."""
_ORDER = (
    *(Status.DELIVERED, Status.SENT, Status.RECEIVED, Status.SENDING, Status.QUEUED),
    *(Status.UNDELIVERED, Status.FAILED),
)


def drawn(
    period: Period, traffic: Traffic, names: Mapping[int, str], list_url: str
) -> dict[str, Any]:
    """Describe the charts of a period; a click on a bar leads to `list_url`."""
    return {
        "starts": [start.isoformat() for start in traffic.starts],
        "span_s": period.span_s,
        "list_url": list_url,
        "statuses": [
            {"name": status.value, "counts": traffic.series[status]}
            for status in _ORDER
            if status in traffic.series
        ],
        "sent": _lines(traffic, Delay.Step.SENT, names),
        "delivered": _lines(traffic, Delay.Step.DELIVERED, names),
    }


def _lines(traffic: Traffic, step: str, names: Mapping[int, str]) -> list[dict[str, Any]]:
    lines = traffic.p95_ms.get(step, {})
    return [
        {"name": names.get(link.link_id or 0, "no link"), "values": lines[link.link_id]}
        for link in traffic.links[:LINES]
        if link.link_id in lines
    ]
