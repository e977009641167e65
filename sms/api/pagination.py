"""One page of a list, and the way to the others. Source: sms-api 3.3."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import BooleanField, F, Func, OrderBy, TextField, Value
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.sids import SID
from sms.api import representation
from sms.api.filters import Messages, first_values, names_one_party
from sms.api.patience import bounded
from sms.lifecycle import Direction, Status
from sms.models import Message

PAGE_SIZE, MAX_PAGE_SIZE = 50, 1000
MAX_LIMIT = 10_000
"""Also how far an offset may reach: what lies deeper costs the more the deeper it is."""

NOWHERE = "null"
"""No such page: the text, not JSON's null, as the API document has it."""


SortKey = F | Func
Cursor = tuple[Any, ...]
"""A row's sort keys: a page begins after it."""

CLOSED: dict[str, list[str]] = {"status": list(Status), "direction": list(Direction)}
"""Sort columns with few values."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which page is asked for."""

    page: int
    size: int
    limit: int
    after_sid: str

    @property
    def start(self) -> int:
        """Position of the page's first item in the whole list."""
        return self.page * self.size

    @property
    def stop(self) -> int:
        """Position of the next page's first item."""
        return self.start + self.size

    @property
    def room(self) -> int:
        """How many items the page may hold."""
        return max(0, min(self.size, self.limit - self.start))


def place(query: dict[str, str]) -> Place:
    """Read the paging parameters. Raises ValidationError."""
    return Place(
        page=_number(query, "Page", default=0, least=0),
        size=min(_number(query, "PageSize", default=PAGE_SIZE, least=1), MAX_PAGE_SIZE),
        limit=min(_number(query, "Limit", default=MAX_LIMIT, least=1), MAX_LIMIT),
        after_sid=query.get("AfterSid", ""),
    )


def _number(query: dict[str, str], name: str, *, default: int, least: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) >= least):
        raise exceptions.ValidationError(f"{name} must be a whole number from {least}.")
    return int(text)


class Pagination(BasePagination):
    """Pages by number, and by row where `AfterSid` names the one before."""

    key: str
    """What the envelope calls the rows."""
    kept_names: tuple[str, ...]
    """Parameters that links repeat, so that following them stays inside the filter."""

    place: Place
    cursor: Cursor | None
    total: int
    goes_on: bool
    uri: str
    kept: list[tuple[str, str]]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Read one page of an ordered queryset. Raises ValidationError."""
        query = first_values(request.query_params)
        self.kept = [(name, query[name]) for name in self.kept_names if query.get(name)]
        self.place = place(query)
        self.uri = view.list_uri()
        # Without a filter, a page and its total are each a short range of an index.
        with bounded() if self._is_filtered() else nullcontext():
            self.cursor = self._cursor(queryset, view)
            rows = self.read(self._page(queryset))
            # Counted after reading, or a row that comes meanwhile could hide the next page;
            # and no further than the limit: the whole of a big account takes seconds.
            self.total = queryset.order_by().values("pk")[: self.place.limit].count()
        where = self.place
        # Rows leave a filter while its list is paged: a link that was given leads on all the same.
        is_linked = self.cursor and where.room
        if where.page > self.num_pages and not is_linked:
            raise exceptions.ValidationError(f"Page must not be greater than {self.num_pages}.")
        shown = rows[: where.room]
        more = len(rows) > len(shown) if self.cursor else where.stop < self.total
        self.goes_on = more and len(shown) == where.size
        return shown

    def _is_filtered(self) -> bool:
        return any(name != "SortBy" for name, _ in self.kept)

    def read(self, page: Any) -> list[Any]:
        """Read the rows of a page."""
        return list(page)

    def _page(self, queryset: Any) -> Any:
        """Go on after a row, by index, or else count rows up to the page.

        After a row, one more is read than is shown: it alone says whether the list goes on, since
        the total tells nothing of the rows behind one. At the limit the list ends.
        """
        where = self.place
        if not self.cursor:
            return self.cut(queryset, where.start, where.start + where.room)
        return self.cut(queryset, 0, where.room + (where.stop < where.limit), self.cursor)

    def _cursor(self, queryset: Any, view: Any) -> Cursor | None:
        """Read the sort keys of the row before the page; None where the account has no such row.

        From the account's rows, not the filtered ones: it may have left the filter since.
        """
        sid = self.place.after_sid
        if not SID.fullmatch(sid):
            return None
        row: Cursor | None = (
            view.get_queryset().filter(sid=sid).order_by().values_list(*_columns(queryset)).first()
        )
        return row

    def sort_key(self, queryset: Any) -> SortKey:
        """Return what the queryset is ordered by first, to compare rows by."""
        return F(_columns(queryset)[0])

    def cut(self, queryset: Any, start: int, stop: int, cursor: Cursor | None = None) -> Any:
        """Choose the rows of a page, those after a cursor where there is one."""
        return self.after(queryset, cursor)[start:stop]

    def after(self, queryset: Any, cursor: Cursor | None) -> Any:
        """Keep what comes after a cursor."""
        if cursor is None:
            return queryset
        others = map(F, _columns(queryset)[1:])
        return _beyond(queryset, [self.sort_key(queryset), *others], cursor)

    def get_paginated_response(self, data: list[dict[str, Any]]) -> Response:
        """Put the page into its envelope."""
        where, shown = self.place, len(data)
        return Response(
            {
                "page": where.page,
                "num_pages": self.num_pages,
                "page_size": where.size,
                "total": self.total,
                "limit": where.limit,
                "start": str(where.start),
                "end": str(where.start + max(shown - 1, 0)),
                "uri": self.uri,
                "first_page_uri": self._link(0),
                "previous_page_uri": self._link(where.page - 1) if where.page else NOWHERE,
                "next_page_uri": (
                    self._link(where.page + 1, after_sid=data[-1]["sid"])
                    if self.goes_on
                    else NOWHERE
                ),
                "last_page_uri": self._link(max(0, -(-self.total // where.size) - 1)),
                self.key: data,
            }
        )

    @property
    def num_pages(self) -> int:
        """The last page's number, or one more after an exactly full one, as RestComm counts."""
        return self.total // self.place.size

    def _link(self, page: int, *, after_sid: str = "") -> str:
        parameters = [
            ("Page", str(page)),
            ("PageSize", str(self.place.size)),
            *([("AfterSid", after_sid)] if after_sid else []),
            ("Limit", str(self.place.limit)),
            *self.kept,
        ]
        return f"{self.uri}?{urlencode(parameters)}"


class MessagePagination(Pagination):
    """Pages of messages."""

    key = "messages"
    kept_names = ("From", "To", "StartTime", "EndTime", "Body", "Status", "SubAccounts", "SortBy")

    def sort_key(self, queryset: Messages) -> SortKey:
        """Return the column of the order; among messages of one party, hidden from indexes.

        PostgreSQL would walk the index of the order until it has met enough messages of the
        party, and takes them to be spread evenly. They are not: who sends is hardly ever
        sent to, so it passes millions. Sorting is bounded by what the party has.
        """
        column = _columns(queryset)[0]
        if not (self._of_one_party() and self._is_mixed(queryset)):
            return F(column)
        return Func(F(column), template="(%(expressions)s || '')", output_field=TextField())

    def cut(
        self, queryset: Messages, start: int, stop: int, cursor: Cursor | None = None
    ) -> Messages:
        """Choose the rows of a page; mixed ones from an index alone."""
        if self._is_dated_and_sorted_by_a_closed_set(queryset):
            return _of_each_value(queryset, stop, cursor)[start:stop]
        queryset = self.after(queryset, cursor)
        if not self._is_mixed(queryset):
            return queryset[start:stop]
        key, order = self.sort_key(queryset), list(map(str, queryset.query.order_by))
        first = OrderBy(key, descending=order[0].startswith("-"))
        chosen = queryset.order_by(first, *order[1:]).values("pk")[start:stop]
        return Message.objects.filter(pk__in=chosen).order_by(*order)

    def _is_mixed(self, queryset: Messages) -> bool:
        """Say whether one column is filtered by and another is sorted by."""
        by_date = _columns(queryset)[0] == "date_created"
        return not by_date and (self._of_one_party() or "Status" in dict(self.kept))

    def _is_dated_and_sorted_by_a_closed_set(self, queryset: Messages) -> bool:
        kept = dict(self.kept)
        dated = "StartTime" in kept or "EndTime" in kept
        # SQLite takes no limit inside of a UNION; it has no list of that size either.
        unions = connection.features.supports_slicing_ordering_in_compound
        return dated and unions and _columns(queryset)[0] in CLOSED and not self._of_one_party()

    def _of_one_party(self) -> bool:
        return any(name in ("From", "To") and names_one_party(text) for name, text in self.kept)

    def read(self, page: Messages) -> list[Any]:
        """Read the columns that are shown, and make no models of them."""
        return list(representation.rows(page))


def _of_each_value(queryset: Messages, stop: int, cursor: Cursor | None) -> Messages:
    """Take the first rows of every value of the sort column, each a range of its index.

    The index goes by value, then date. Walked as one it would be passed whole, value after
    value, to find the few rows of a day; PostgreSQL skips only from version 18 on.
    """
    first, *others = queryset.query.order_by
    column = str(first).lstrip("-")
    parts = []
    for value in CLOSED[column]:
        part = queryset.filter(**{column: value})
        if cursor and value == cursor[0]:
            part = _beyond(part, [F(name) for name in _columns(queryset)[1:]], cursor[1:])
        elif cursor and (value < cursor[0]) != str(first).startswith("-"):
            continue  # the pages before had it
        parts.append(part.order_by(*map(str, others)).values("pk")[:stop])
    chosen = parts[0].union(*parts[1:], all=True)
    return Message.objects.filter(pk__in=chosen).order_by(*map(str, queryset.query.order_by))


def _columns(queryset: Messages) -> list[str]:
    return [str(name).lstrip("-") for name in queryset.query.order_by]


def _beyond(queryset: Any, keys: list[SortKey], cursor: Cursor) -> Any:
    """Keep the rows after a cursor, by one comparison of whole rows: a range of an index.

    `keys` are the last so many columns of the order, or stand for them.
    """
    columns = _columns(queryset)[-len(keys) :]
    sign = "<" if str(queryset.query.order_by[0]).startswith("-") else ">"
    values = [
        Value(value, output_field=queryset.model._meta.get_field(column))
        for column, value in zip(columns, cursor, strict=True)
    ]
    row = {"template": "(%(expressions)s)"}
    ahead = Func(
        Func(*keys, **row),
        Func(*values, **row),
        **row,
        arg_joiner=f" {sign} ",
        output_field=BooleanField(),
    )
    return queryset.filter(ahead)
