"""The list as CSV, streamed: a few thousand rows at a time, however many there are."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.http import StreamingHttpResponse
from django.utils import timezone

from sms.admin.messages.listing import Listing
from sms.models import Message

CHUNK: Final = 2000

_HEAD: Final = (
    *("sid", "account_sid", "account", "direction", "status", "from", "to"),
    *("error_code", "error", "link", "segments", "accepted_at", "sent_at", "updated_at"),
)

_COLUMNS: Final = (
    *("sid", "account__sid", "account__friendly_name", "direction", "status", "sender"),
    *("recipient", "error_code", "link__name", "num_segments"),
    *("date_created", "date_sent", "date_updated"),
)

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)


def csv_of(listing: Listing, *, with_bodies: bool) -> StreamingHttpResponse:
    """Answer with all messages of a listing; their texts only to who may read them."""
    # What the list defers would be left out of only() for good, and read row by row.
    rows = listing.messages.defer(None).select_related("account", "link")
    columns = (*_COLUMNS, "body") if with_bodies else _COLUMNS
    whole = replace(listing, messages=rows.only(*columns))
    name = f"messages-{timezone.now():%Y%m%d-%H%M%S}.csv"
    return StreamingHttpResponse(
        _lines(whole, with_bodies=with_bodies),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class _Line:
    """What a csv.writer writes to: each row comes back out of it."""

    def write(self, text: str) -> str:
        return text


def _lines(listing: Listing, *, with_bodies: bool) -> Iterator[str]:
    write = csv.writer(_Line()).writerow
    # Without this mark spreadsheets read UTF-8 as the machine's own code page.
    yield "\ufeff" + str(write([*_HEAD, *(["body"] if with_bodies else [])]))
    for messages in listing.chunks(CHUNK):
        # One string a chunk: each that is yielded is a write to a socket.
        yield "".join(str(write(_row(m, with_body=with_bodies))) for m in messages)


def _row(message: Message, *, with_body: bool) -> list[str]:
    error = message.error
    cells = (
        message.sid,
        message.account.sid,
        message.account.friendly_name,
        message.direction,
        message.status,
        message.sender,
        message.recipient,
        str(message.error_code or ""),
        error.text if error else "",
        message.link.name if message.link else "",
        str(message.num_segments or ""),
        _time(message.date_created),
        _time(message.date_sent),
        _time(message.date_updated),
        *([message.body] if with_body else []),
    )
    return [harmless(cell) for cell in cells]


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="milliseconds") if moment else ""


def harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula; a number is none.

    Source: OWASP, CSV Injection.
    """
    if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
