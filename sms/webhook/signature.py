"""Signatures that tell a receiver who called and that nothing was changed.

Source: Standard Webhooks specification 1.0.0, "Signature scheme" and "Verifying
webhook authenticity".
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping

TOLERANCE_S = 300

_PREFIX = "whsec_"
_VERSION = "v1,"
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def sign(*, secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Sign a body; the timestamp is in seconds since 1970, the secret reads `whsec_<base64>`.

    `body` is the request's body with POST; with GET it is the whole query string as sent.

    Raises ValueError for a secret of another form.
    """
    content = b"%s.%d.%s" % (webhook_id.encode(), timestamp, body)
    digest = hmac.digest(_key(secret), content, hashlib.sha256)
    return _VERSION + base64.b64encode(digest).decode()


def signature_headers(
    *, secret: str, webhook_id: str, timestamp: int, body: bytes
) -> tuple[tuple[str, str], ...]:
    """Build the three headers of a signed request.

    Raises ValueError for a secret of another form than `whsec_<base64>`.
    """
    signature = sign(secret=secret, webhook_id=webhook_id, timestamp=timestamp, body=body)
    return (
        ("webhook-id", webhook_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", signature),
    )


def verify(*, secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Say whether a request was signed with the secret, at most five minutes from `now`.

    `body` is the request's body with POST; with GET it is the query string as received.
    The caller must still drop a `webhook-id` it has seen: delivery is at least once.

    Raises ValueError for a secret of another form than `whsec_<base64>`.
    """
    given = {name.lower(): value for name, value in headers.items()}
    timestamp = given.get("webhook-timestamp", "")
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now - int(timestamp)) > TOLERANCE_S:
        return False
    expected = sign(
        secret=secret,
        webhook_id=given.get("webhook-id", ""),
        timestamp=int(timestamp),
        body=body,
    )
    # While a secret is being changed there is one signature for the old and one for the new.
    signatures = given.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), expected.encode()) for one in signatures)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key or not secret.startswith(_PREFIX):
        raise ValueError("the signing secret is not whsec_ followed by base64")  # never show it
    return key
