"""What differs between the kinds of callbacks: what they say, and what an answer means.

An event of the callback's row names its kind; `sms.worker.notify_pump.KINDS` is the table.
Claiming, order, signing, posting, retrying and logging are the same for all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sms.notify.verdict import Verdict, by_status
from sms.outbox import ClaimedCallback
from sms.webhook.sender import Answer

Fields = tuple[tuple[str, str], ...]


def by_event(callback: ClaimedCallback, fields: Fields) -> str:
    """Name a request by the message and its event."""
    return f"{fields[0][1]}-{callback.event}"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of callback."""

    fields: Callable[[Sequence[ClaimedCallback]], Mapping[int, Fields]]
    """Make the parameters of a batch, by the callback's id, in the order they are sent in.

    The first is the message's sid: `webhook_id` is made from it, too. May ask the
    database. What it leaves out is not posted now; its lease runs out.
    """
    decide: Callable[[ClaimedCallback, Answer], Verdict] = by_status
    """Say what follows from an answer. May ask the database; writes belong to `Verdict.then`."""
    body_bytes: int = 0
    """How much of an answer's body `decide` gets to see."""
    webhook_id: Callable[[ClaimedCallback, Fields], str] = by_event
    """Name a request, so that its receiver knows it again. The same at every try, and when an
    operator repeats it. Source: Standard Webhooks 1.0.0, "webhook-id"."""
    detour: Callable[[Sequence[str]], int] | None = None
    """Send elsewhere what waits for hosts whose circuit is open; count it. None: it all waits."""


Kinds = Mapping[int, Kind]
"""By the number of the event."""
