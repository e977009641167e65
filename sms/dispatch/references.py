"""Which reference the parts of a long message go out with."""

from collections.abc import Sequence

from sms import outbox
from sms.dispatch.opened import Open


def refer(messages: Sequence[Open], *, worker: str) -> None:
    """Give messages of several parts the reference that joins these, on every try the same."""
    new = [m for m in messages if m.reference is None and len(m.split.texts) > 1]
    recipients = {m.claimed.id: m.claimed.recipient_key for m in new}
    given = outbox.refer(recipients, worker=worker)
    for message in new:  # one that got none is no longer ours: marking it will fail as well
        message.reference = given.get(message.claimed.id)
