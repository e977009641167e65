"""How long each link's queue is, and how long its first message has been due."""

from sms import outbox
from sms.models import Health, Link

_MEASURED = ("queue_depth", "oldest_due_s", "is_full", "is_slow")


def measure() -> int:
    """Write down what routing goes by, where it changed; return for how many links."""
    links = list(Link.objects.select_related("health"))
    without = [Health(link=link) for link in links if not hasattr(link, "health")]
    if without:
        Health.objects.bulk_create(without, ignore_conflicts=True)
    for link in links:
        _measure(link)
    return 0  # never a reason to look again at once


def _measure(link: Link) -> None:
    oldest_due_s = int(outbox.oldest_due_s(link.id))
    depth = outbox.depth(link.id, link.max_queue) if link.max_queue else None
    measured = (
        depth,
        oldest_due_s,
        depth is not None and depth >= (link.max_queue or 0),
        bool(link.slow_after_s) and oldest_due_s > link.slow_after_s,
    )
    if not hasattr(link, "health") or measured != tuple(
        getattr(link.health, name) for name in _MEASURED
    ):
        # Its own columns alone: the circuit beside them is the workers'.
        Health.objects.filter(link=link).update(**dict(zip(_MEASURED, measured, strict=True)))
