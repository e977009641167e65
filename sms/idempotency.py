"""The same request, sent twice, becomes one message where its client gave it a key.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models.functions import Now

from sms.models import IdempotencyKey, Message
from sms.models.idempotency import EXPIRED, LONGEST_KEY

_KEY = re.compile(rf"[^\x00-\x1f\x7f]{{1,{LONGEST_KEY}}}")


class KeyReused(Exception):
    """The key belongs to a request with other parameters."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came with other parameters before.")


@dataclass(frozen=True, slots=True)
class NamedRequest:
    """A request that its client will know again."""

    account_id: int
    key: str
    fingerprint: str


def is_key(text: str) -> bool:
    """Say whether text may be a key: up to 255 characters, none of them a control character."""
    return _KEY.fullmatch(text) is not None


def fingerprint(parameters: Sequence[object]) -> str:
    """Digest what makes two requests the same."""
    return hashlib.sha256(json.dumps(parameters).encode()).hexdigest()


def first_answer(request: NamedRequest) -> Message | None:
    """Return the message that this request became before, if it did in the last 24 hours.

    Raises KeyReused.
    """
    rows = IdempotencyKey.objects.filter(account_id=request.account_id, key=request.key)
    read = rows.annotate(is_expired=EXPIRED).values_list("message", "fingerprint", "is_expired")
    for message_id, fingerprint_then, is_expired in read:
        if is_expired:
            rows.expired().delete()  # it would stand in the way until the sweep comes by
            return None
        if fingerprint_then != request.fingerprint:
            raise KeyReused
        return Message.objects.filter(pk=message_id).first()
    return None


def keep(request: NamedRequest, message: Message) -> None:
    """Store what a request became, in the transaction of its message. Raises IntegrityError."""
    IdempotencyKey.objects.create(
        message=message,
        account_id=request.account_id,
        key=request.key,
        fingerprint=request.fingerprint,
        created_at=Now(),
    )
