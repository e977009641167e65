"""How a message looks from outside, as a dict in the order of the API document."""

from datetime import UTC, datetime
from typing import Any, Protocol

from django.conf import settings
from django.db.models import QuerySet

from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.models import Message

API_VERSION = "2012-04-24"
BASE = f"/api/{API_VERSION}"

Representation = dict[str, Any]

PRICE = {"price": "0", "price_unit": "USD"}
"""What RestComm always said. Source: sms-api D13."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

ROW_FIELDS = (
    "id",
    "sid",
    "date_created",
    "date_updated",
    "date_sent",
    "account__sid",
    "sender",
    "recipient",
    "body",
    "status",
    "direction",
    "num_segments",
    "error_code",
)
"""The columns that `read` needs: a list reads nothing else."""


class Accepted(Protocol):
    """A message as POST shows it."""

    sid: str
    date_created: datetime
    sender: str
    recipient: str
    body: str
    direction: str


class Row(Protocol):
    """A message as GET shows it: the columns of ROW_FIELDS."""

    id: int
    sid: str
    date_created: datetime
    date_updated: datetime
    date_sent: datetime | None
    account__sid: str
    sender: str
    recipient: str
    body: str
    status: str
    direction: str
    num_segments: int | None
    error_code: int | None


def rows(messages: QuerySet[Message]) -> QuerySet[Message, Row]:
    """Read the columns that `read` needs, and make no models of them."""
    return messages.values_list(*ROW_FIELDS, named=True)


def messages_uri(account_sid: str) -> str:
    """Return the address of an account's messages."""
    return f"{BASE}/Accounts/{account_sid}/SMS/Messages"


def accepted(message: Accepted, account_sid: str) -> Representation:
    """Represent a message as it was when it was accepted. Source: sms-api 2.6."""
    created = rfc822(message.date_created)
    return {
        "sid": message.sid,
        "date_created": created,
        "date_updated": created,
        "account_sid": account_sid,
        "from": message.sender,
        "to": message.recipient,
        "body": message.body,
        "status": Status.SENDING.value,  # an answer that is given again says the same again
        "direction": message.direction,
        **(PRICE if settings.API_SHOWS_PRICE else {}),
        "api_version": API_VERSION,
        "uri": f"{messages_uri(account_sid)}/{message.sid}.json",
    }


def read(row: Row) -> Representation:
    """Represent a stored message. Source: sms-api 5, D12."""
    sent = {} if row.date_sent is None else {"date_sent": iso8601(row.date_sent)}
    segments = {} if row.num_segments is None else {"num_segments": row.num_segments}
    return {
        "sid": row.sid,
        "date_created": rfc822(row.date_created),
        "date_updated": rfc822(row.date_updated),
        **sent,
        "account_sid": row.account__sid,
        "from": row.sender,
        "to": row.recipient,
        "body": row.body,
        "status": row.status,
        "direction": row.direction,
        **segments,
        "error_code": row.error_code,
        "error_message": error_text(row.error_code),
        **(PRICE if settings.API_SHOWS_PRICE else {}),
        "api_version": API_VERSION,
        "uri": f"{messages_uri(row.account__sid)}/{row.sid}.json",
    }


def error_text(code: int | None) -> str | None:
    """Return the text of an error code."""
    return None if code is None else ErrorCode.stored(code).text


def rfc822(moment: datetime) -> str:
    """Write a date as `Thu, 4 Jul 2019 07:02:28 +0000`: the day has no leading zero.

    Not by strftime, whose names follow the process's locale.
    """
    at = moment.astimezone(UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day} {month} {at.year:04} {at.hour:02}:{at.minute:02}:{at.second:02} +0000"


def iso8601(moment: datetime) -> str:
    """Write a date as `2019-07-04T07:02:28.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
