"""The API seen from outside, and an account with 34 messages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from accounts import numbers
from accounts.models import Account
from sms.lifecycle import Direction, Status
from sms.models import Message
from tests.conftest import caller

FORM = "application/x-www-form-urlencoded"
GOOD = {"From": "19876543212", "To": "13216549878", "Body": "Test SMS"}
PREFIXES = ("/api/2012-04-24", "/restcomm/2012-04-24", "/2012-04-24")


def path(account: Account, tail: str = ".json", *, prefix: str = PREFIXES[0]) -> str:
    """Write the path of an account's messages."""
    return f"{prefix}/Accounts/{account.sid}/SMS/Messages{tail}"


class Desk:
    """An account's HTTP client at the desk of the messages of one account."""

    def __init__(self, account: Account, *, of: Account | None = None) -> None:
        self.account = of or account
        self.browser = caller(account)

    def list(self, query: str = "", **parameters: Any) -> Any:
        query = query or urlencode(parameters)
        return self.browser.get(f"{path(self.account)}?{query}")

    def one(self, sid: str) -> Any:
        return self.browser.get(path(self.account, f"/{sid}.json"))

    def send(self, **changes: str | None) -> Any:
        """Post GOOD with changes; None leaves a parameter out."""
        fields = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
        return self.browser.post(path(self.account), urlencode(fields), content_type=FORM)


@pytest.fixture
def desk(account: Account) -> Desk:
    return Desk(account)


MakeMessage = Callable[..., Message]


@pytest.fixture
def make_message(account: Account) -> MakeMessage:
    """Store a message as it might have become."""
    return lambda **changes: Message.objects.create(**_fields(**{"account": account, **changes}))


def _fields(**changes: Any) -> dict[str, Any]:
    fields = {
        "direction": Direction.OUTBOUND_API,
        "status": Status.SENT,
        "sender": "19876543212",
        "recipient": "13216549878",
        "body": "Test SMS",
        "num_segments": 1,
        "due_at": None,
        **changes,
    }
    keys = {f"{party}_key": numbers.key(fields[party]) for party in ("sender", "recipient")}
    return {**keys, **fields}


def _thirty_four() -> list[dict[str, Any]]:
    """Describe them, oldest first: 10 before the 7th of July, 16 up to the 9th, 8 after."""
    days = [datetime(2013, 7, 5, tzinfo=UTC)] * 10
    days += [datetime(2013, 7, 7, 19, tzinfo=UTC)] * 8 + [datetime(2013, 7, 9, tzinfo=UTC)] * 8
    days += [datetime(2013, 7, 10, tzinfo=UTC)] * 8
    rows: list[dict[str, Any]] = [
        {"date_created": day + timedelta(minutes=n)} for n, day in enumerate(days)
    ]
    # One comes 18 ms before the moment that RestComm's own test asks for.
    rows[10]["date_created"] = datetime(2013, 7, 7, 18, 15, 12, tzinfo=UTC)
    rows[11]["date_created"] = datetime(2013, 7, 7, 18, 15, 12, 18_000, tzinfo=UTC)
    rows[25]["date_created"] = datetime(2013, 7, 9, 23, 59, 59, 999_999, tzinfo=UTC)
    rows[26]["date_created"] = datetime(2013, 7, 10, tzinfo=UTC)
    for n, row in enumerate(rows):
        row["sender"] = "19549376176" if n % 9 == 0 else f"+1321355767{4 + n % 3}"
        row["recipient"] = "+13557701234" if n % 3 == 0 else "17778889999"
        row["body"] = f"Hello {n}" if n % 6 == 3 else f"Good day {n}"
        row["status"] = (Status.SENT, Status.FAILED, Status.DELIVERED)[n % 3]
        row["direction"] = (Direction.OUTBOUND_API, Direction.INBOUND, Direction.OUTBOUND_REPLY)[
            n % 3
        ]
    return rows


@pytest.fixture
def thirty_four(account: Account) -> list[Message]:
    """34 messages, oldest first."""
    rows = [Message(**_fields(account=account, **row)) for row in _thirty_four()]
    Message.objects.bulk_create(rows)
    return sorted(rows, key=lambda message: message.date_created)
