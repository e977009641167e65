"""What is counted, and the counts of this process that are not in the database yet.

    MESSAGES.count("sent", "")        one more
    SENT_AFTER.observe(0.043, link)   one more, that took so many seconds

Counting costs half a microsecond: a lock and a dictionary. Every two seconds a thread
(sms/monitoring/recorder.py) adds what came together to rows that all processes share, so
that any web process of any host can tell the sum (sms/monitoring/metrics.py).
Standard library alone: everybody may count.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

Labels = tuple[str, ...]
Key = tuple[str, Labels, str]
"""Name of the meter, values of its labels, and which number of it."""

TOTAL = ""
SUM = "sum"
ENDLESS = "+Inf"

_counts: dict[Key, float] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts events."""

    name: str
    help: str
    labels: Labels = ()

    def count(self, *values: str, by: float = 1) -> None:
        """Count one event, or several."""
        _add((self.name, values, TOTAL), by)


@dataclass(frozen=True, slots=True)
class Timer:
    """Counts events by how long they took."""

    name: str
    help: str
    bounds_s: tuple[float, ...]
    labels: Labels = ()

    @property
    def bounds(self) -> Labels:
        """Name its buckets, the endless one last."""
        return (*map(str, self.bounds_s), ENDLESS)

    def observe(self, seconds: float, *values: str) -> None:
        """Count one event that took so long."""
        bound = bisect_left(self.bounds_s, seconds)
        bucket = str(self.bounds_s[bound]) if bound < len(self.bounds_s) else ENDLESS
        with _lock:
            for number, amount in ((bucket, 1.0), (SUM, max(seconds, 0.0))):
                key = (self.name, values, number)
                _counts[key] = _counts.get(key, 0) + amount


def take() -> dict[Key, float]:
    """Take what was counted since the last time."""
    global _counts
    with _lock:
        taken, _counts = _counts, {}
        return taken


def put_back(counts: Mapping[Key, float]) -> None:
    """Give back what could not be written."""
    for key, amount in counts.items():
        _add(key, amount)


def _add(key: Key, amount: float) -> None:
    with _lock:
        _counts[key] = _counts.get(key, 0) + amount


_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SLOW = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)

ACCEPTED = Counter("cpaas_messages_accepted", "Messages taken from applications.", ("direction",))
MESSAGES = Counter("cpaas_messages", "Messages that came to a status.", ("status", "error_code"))
SUBMITS = Counter(
    "cpaas_submits", "Answers of peers to single parts of messages.", ("link", "outcome", "answer")
)
RECEIPTS = Counter("cpaas_receipts", "Receipts that peers brought.", ("link", "status", "known"))
CALLBACKS = Counter("cpaas_callbacks", "Posts of callbacks.", ("outcome",))
TURNS = Counter("cpaas_pump_turns", "Turns of the workers' pumps.", ("pump", "result"))
REQUESTS = Counter("cpaas_http_requests", "Requests answered.", ("door", "method", "status"))

SENT_AFTER = Timer(
    "cpaas_message_sent_seconds", "From accepting a message to the peer's yes.", _SLOW, ("link",)
)
DELIVERED_AFTER = Timer(
    "cpaas_message_delivered_seconds", "From the peer's yes to the receipt.", _SLOW, ("link",)
)
CALLBACK_TOOK = Timer("cpaas_callback_seconds", "From posting a callback to its answer.", _QUICK)
REQUEST_TOOK = Timer(
    "cpaas_http_request_seconds", "From a request to its answer.", _QUICK, ("door",)
)

METERS: tuple[Counter | Timer, ...] = (
    *(ACCEPTED, MESSAGES, SUBMITS, RECEIPTS, CALLBACKS, TURNS, REQUESTS),
    *(SENT_AFTER, DELIVERED_AFTER, CALLBACK_TOOK, REQUEST_TOOK),
)
