"""What README shows receivers, run as it stands there."""

import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sms.webhook import signature_headers

README = Path(__file__).parents[3] / "README.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONTENT = b"MessageSid=SM1&Body=gr%C3%BC%C3%9F"


@pytest.fixture(scope="module")
def is_genuine() -> Callable[..., bool]:
    lines = README.read_text(encoding="utf-8").splitlines()
    first = lines.index("    import base64, hashlib, hmac, time")
    last = next(n for n in range(first, len(lines)) if lines[n] and not lines[n].startswith("    "))
    names: dict[str, Any] = {}
    exec(textwrap.dedent("\n".join(lines[first:last])), names)  # noqa: S102  # it is ours
    found: Callable[..., bool] = names["is_genuine"]
    return found


def headers(age_s: int = 0) -> dict[str, str]:
    at = int(time.time()) - age_s
    return dict(signature_headers(secret=SECRET, webhook_id="SM1-1", timestamp=at, body=CONTENT))


def test_what_we_sign_is_genuine(is_genuine: Callable[..., bool]) -> None:
    assert is_genuine(SECRET, headers(), CONTENT)
    several = headers() | {"webhook-signature": "v1,old " + headers()["webhook-signature"]}
    assert is_genuine(SECRET, several, CONTENT)


@pytest.mark.parametrize(
    ("given", "content"),
    [
        (headers(), CONTENT + b"&a=b"),
        (headers() | {"webhook-id": "SM2-1"}, CONTENT),
        (headers() | {"webhook-signature": ""}, CONTENT),
        (headers() | {"webhook-signature": "v1,é"}, CONTENT),
        (headers() | {"webhook-timestamp": "now"}, CONTENT),
        (headers(age_s=400), CONTENT),
        (headers(age_s=-86_400), CONTENT),
    ],
)
def test_anything_else_is_not(
    is_genuine: Callable[..., bool], given: dict[str, str], content: bytes
) -> None:
    assert not is_genuine(SECRET, given, content)
