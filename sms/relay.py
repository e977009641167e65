"""Pass on what our own clients write: to each other, to our numbers, to the mobile network.

Each becomes a message of its account, by the verb that API and carriers use too.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from accounts import bounds, numbers
from accounts.limits import QuotaExceeded
from accounts.models import Account, Client, PhoneNumber
from sms import receive, text
from sms.clients import whereabouts
from sms.idempotency import KeyReused
from sms.lifecycle import Direction
from sms.submit import Draft, Rejected, submit
from sms.transports.base import Inbound, Refusal


def relay(batch: Sequence[Inbound], *, link_id: int) -> dict[int, Refusal]:
    """Pass on messages of clients who have shown their passwords.

    Returns why some are not taken, by token. A batch may be passed on again, after the
    database went away in between: what was submitted is not submitted twice.
    """
    refused: dict[int, Refusal] = {}
    arrived: list[Inbound] = []
    for item in batch:
        refusal = _pass_on(item, arrived)
        if refusal:
            refused[item.token] = refusal
    if arrived:
        receive.inbound(arrived, link_id=link_id)
    return refused


def _pass_on(item: Inbound, arrived: list[Inbound]) -> Refusal | None:
    client = Client.objects.with_login(item.login).select_related("account").first()
    if client is None or not client.enabled or not client.account.is_active:
        return Refusal.NOT_ALLOWED
    if not text.clean(item.text).strip():
        return Refusal.EMPTY
    sender = _sender(item.sender, client)
    if sender is None:
        return Refusal.NOT_ALLOWED
    other = whereabouts.find(item.recipient, sender_account_id=client.account_id)
    if other.login:
        recipient = f"{numbers.CLIENT_PREFIX}{other.login}"
        return _submit(item, client, sender=sender, recipient=recipient)
    if not numbers.is_number(item.recipient):
        return Refusal.UNKNOWN_RECIPIENT
    owner = _owner_of(item.recipient)
    if owner is None:
        # A carrier knows nothing of clients: to it the name stands alone.
        bare = sender.removeprefix(numbers.CLIENT_PREFIX)
        return _submit(item, client, sender=bare, recipient=item.recipient)
    if not owner.is_active:
        return Refusal.NOT_ALLOWED
    arrived.append(_as_arrived(item, sender))
    return None


def _sender(claimed: str, client: Client) -> str | None:
    """Say under which name a client writes: its own, or a number of its account; None: neither."""
    if claimed.lower() == client.login.lower():
        return f"{numbers.CLIENT_PREFIX}{client.login}"
    own = PhoneNumber.objects.filter(
        account_id=client.account_id, key=numbers.key(claimed), sms_enabled=True
    )
    return claimed if own.exists() else None


def _submit(item: Inbound, client: Client, *, sender: str, recipient: str) -> Refusal | None:
    named = hashlib.sha256(f"{client.pk} {item.request_id}".encode()).hexdigest()
    try:
        submit(
            Draft(sender=sender, recipient=recipient, body=item.text),
            account_id=client.account_id,
            direction=Direction.OUTBOUND_CALL,
            quotas=bounds.messages_of(client.account),
            # A client that heard no answer asks again, perhaps of an edge just started.
            idempotency_key=f"sip {named}",
        )
    except QuotaExceeded:
        return Refusal.OVER_LIMIT
    except KeyReused:
        return Refusal.NOT_ALLOWED
    except Rejected as rejected:
        return Refusal.TOO_LONG if rejected.parameter == "Body" else Refusal.NOT_ALLOWED
    return None


def _owner_of(number: str) -> Account | None:
    rows = PhoneNumber.objects.filter(key=numbers.key(number), kind=PhoneNumber.Kind.NUMBER)
    row = rows.select_related("account").first()
    return row.account if row else None


def _as_arrived(item: Inbound, sender: str) -> Inbound:
    return replace(item, sender=sender, login="")
