"""What a list keeps, and in which order. Source: API document, "Filtering"; sms-api 3.1, 3.4."""

import logging
import re
from datetime import UTC, date, datetime, time
from typing import Any

import django_filters
from django import forms
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.db.models.functions import Lower
from django.http import QueryDict
from django_filters.rest_framework import DjangoFilterBackend, FilterSet

from accounts import numbers
from accounts.models import PhoneNumber
from sms.lifecycle import Status
from sms.models import Message

logger = logging.getLogger(__name__)

Messages = QuerySet[Message]
Numbers = QuerySet[PhoneNumber]


class FirstValues(DjangoFilterBackend):
    """Takes the first value of a repeated parameter, as RestComm does."""

    def get_filterset_kwargs(self, request: Any, queryset: Messages, view: Any) -> dict[str, Any]:
        """Hand over the query, one value a parameter."""
        kwargs: dict[str, Any] = super().get_filterset_kwargs(request, queryset, view)
        return {**kwargs, "data": first_values(request.query_params)}


def first_values(query: QueryDict) -> dict[str, str]:
    """Keep the first value of each parameter; Django's own choice is the last."""
    return {name: values[0] for name, values in query.lists() if values}


class PartyFilter(django_filters.CharFilter):
    """Equality of what parties are compared by; `%` and `*` make a pattern of it."""

    def filter(self, qs: Messages, value: str) -> Messages:
        """Keep the messages of this party."""
        if not value:
            return qs
        if names_one_party(value):
            return qs.filter(**{str(self.field_name): numbers.key(value)})
        return qs.filter(_like(str(self.field_name), value))


def names_one_party(value: str) -> bool:
    """Say whether a party is given, instead of a pattern."""
    return not ("%" in value or "*" in value)


def _like(column: str, pattern: str) -> Func:
    """Match a pattern, with a wildcard before it as RestComm has; `_` stands for itself."""
    bare = pattern.strip().removeprefix(numbers.CLIENT_PREFIX).lstrip("+").casefold()
    escaped = bare.replace("!", "!!").replace("_", "!_").replace("*", "%")
    return Func(
        F(column),
        Value(f"%{escaped}"),
        template="(%(expressions)s ESCAPE '!')",
        arg_joiner=" LIKE ",
        output_field=BooleanField(),
    )


# A + that was not escaped arrives as a space.
_LOST_PLUS = re.compile(r"(:\d\d(?:[.,]\d+)?) (\d\d(?::?\d\d)?)$")
_HAS_TIME = re.compile(r"\d[T ]\d")


class MomentField(forms.CharField):
    """ISO-8601, a date or a date with a time; without an offset it is UTC."""

    def __init__(self, *args: Any, whole_day_until: time, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.whole_day_until = whole_day_until
        self.name = name

    def clean(self, value: Any) -> datetime | None:
        """Return the moment. Raises ValidationError."""
        text: str = super().clean(value).upper()  # RFC 3339 §5.6 allows t and z
        if not text:
            return None
        try:
            return self._read(_LOST_PLUS.sub(r"\1+\2", text))
        except (ValueError, OverflowError):
            raise forms.ValidationError(
                f"{self.name} must be an ISO-8601 date or date-time, such as 2018-05-30."
            ) from None

    def _read(self, text: str) -> datetime:
        if not _HAS_TIME.search(text):
            return datetime.combine(date.fromisoformat(text), self.whole_day_until, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class MomentFilter(django_filters.Filter):
    """Compares with a moment."""

    field_class = MomentField


SORT_COLUMNS = {
    "DateCreated": "date_created",
    "From": "sender",
    "To": "recipient",
    "Direction": "direction",
    "Status": "status",
    "Body": "body",
    "Price": "date_created",  # nothing has a price
}
_DIRECTIONS = {"asc": "", "desc": "-"}
NEWEST_FIRST = ("-date_created", "-id")


class SortField(forms.CharField):
    """`Field` or `Field:asc|desc`, in RestComm's words where it is neither."""

    def clean(self, value: Any) -> tuple[str, ...]:
        """Return what to order by. Raises ValidationError."""
        text: str = super().clean(value)
        if not text:
            return NEWEST_FIRST
        name, colon, direction = text.partition(":")
        if not name:
            raise _sort_error("missing field to sort by")
        sign = _DIRECTIONS.get(direction.lower() if colon else "asc")
        if sign is None:
            raise _sort_error("sort direction needs to be either ASC or DESC")
        if name not in SORT_COLUMNS:
            logger.info("SortBy=%s is no field to sort by", name[:40])
            return NEWEST_FIRST
        # One direction for every column, so that one index serves the page.
        columns = dict.fromkeys([SORT_COLUMNS[name], "date_created", "id"])
        return tuple(f"{sign}{column}" for column in columns)


def _sort_error(reason: str) -> forms.ValidationError:
    return forms.ValidationError(f"Error parsing the SortBy parameter: {reason}")


class SortFilter(django_filters.Filter):
    """Orders the list."""

    field_class = SortField

    def filter(self, qs: Messages, value: tuple[str, ...] | None) -> Messages:
        """Order by the columns that SortField chose."""
        return qs.order_by(*(value or NEWEST_FIRST))


class NameFilter(django_filters.CharFilter):
    """Equality of names without case; `*` stands for anything."""

    def filter(self, qs: Numbers, value: str) -> Numbers:
        """Keep the numbers of this name."""
        if not value:
            return qs
        escaped = value.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        matches = Func(
            Lower(F("friendly_name")),
            Value(escaped.replace("*", "%")),
            template="(%(expressions)s ESCAPE '!')",
            arg_joiner=" LIKE ",
            output_field=BooleanField(),
        )
        return qs.filter(matches)


NUMBER_COLUMNS = {"PhoneNumber": ("key", "id"), "FriendlyName": ("friendly_name", "id")}
OLDEST_FIRST = ("id",)


class NumberFilter(FilterSet):
    """The query parameters that choose and order numbers."""

    PhoneNumber = PartyFilter(field_name="key")
    FriendlyName = NameFilter()

    class Meta:
        model = PhoneNumber
        fields: list[str] = []

    def filter_queryset(self, queryset: Numbers) -> Numbers:
        """Order as well: two parameters say how."""
        kept: Numbers = super().filter_queryset(queryset)
        columns = NUMBER_COLUMNS.get(self.data.get("SortBy", ""), OLDEST_FIRST)
        sign = "-" if self.data.get("Reverse", "").lower() == "true" else ""
        # One direction for every column, so that pages can go on after a row.
        return kept.order_by(*(f"{sign}{column}" for column in columns))


class MessageFilter(FilterSet):
    """The list's query parameters that choose and order messages."""

    From = PartyFilter(field_name="sender_key")
    To = PartyFilter(field_name="recipient_key")
    StartTime = MomentFilter(
        field_name="date_created", lookup_expr="gte", name="StartTime", whole_day_until=time.min
    )
    EndTime = MomentFilter(
        field_name="date_created", lookup_expr="lte", name="EndTime", whole_day_until=time.max
    )
    Body = django_filters.CharFilter(field_name="body", lookup_expr="icontains", strip=False)
    Status = django_filters.ChoiceFilter(
        field_name="status",
        choices=[(status.value, status.value) for status in Status],
        error_messages={"invalid_choice": f"Status must be one of {', '.join(Status)}."},
    )
    SortBy = SortFilter()

    class Meta:
        model = Message
        fields: list[str] = []
