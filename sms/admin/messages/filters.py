"""By what the list of messages is narrowed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django.contrib import messages
from django.contrib.admin import ListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time

from accounts import unrouted
from accounts.models import Account
from cpaas.pages import DropdownFilter, MultipleDropdownFilter
from sms.admin.messages.listing import Span, few
from sms.errors import ErrorCode
from sms.lifecycle import Direction, Status
from sms.models import Link, Message

Messages = QuerySet[Message]

_FAILED: Final = (Status.FAILED, Status.UNDELIVERED)
_WAITING: Final = (Status.QUEUED, Status.SENDING)

_ID_DIGITS: Final = 18
"""What 64 bits hold in any case."""

# What follows from a status, in the words of the partial indexes that hold such rows.
_HAS_ERROR: Final = Q(error_code__isnull=False)
_IN_QUEUE: Final = Q(due_at__isnull=False, locked_until__isnull=True) | Q(
    locked_until__isnull=False
)


class StatusFilter(MultipleDropdownFilter):
    """Where messages stand."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """List all statuses."""
        return [(status.value, status.value) for status in Status]

    def queryset(self, request: HttpRequest, queryset: Messages) -> Messages:
        """Keep those that stand there."""
        chosen = set(request.GET.getlist("status")) - {""}
        if not chosen:
            return queryset
        queryset = queryset.filter(status__in=sorted(chosen))
        if chosen <= set(_FAILED):
            queryset = queryset.filter(_HAS_ERROR)
        if chosen <= set(_WAITING):
            queryset = queryset.filter(_in_queue())
        return queryset


def _in_queue() -> Q:
    """Keep what is in the queue. SQLite, asked for the newest, walks past its indexes."""
    waiting = Message.objects.waiting().order_by("expires_at")
    claimed = Message.objects.filter(locked_until__isnull=False).order_by("locked_until")
    found = few(waiting, claimed)
    return _IN_QUEUE if found is None else found


class DirectionFilter(DropdownFilter):
    """Who began them."""

    title = "direction"
    parameter_name = "direction"

    _WORDS: Final = {
        Direction.INBOUND: "inbound",
        Direction.OUTBOUND_API: "outbound, by the API",
        Direction.OUTBOUND_REPLY: "outbound, as a reply",
        Direction.OUTBOUND_CALL: "outbound, of a SIP client",
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """List the directions."""
        return [("outbound", "all outbound"), *((d.value, w) for d, w in self._WORDS.items())]

    def queryset(self, request: HttpRequest, queryset: Messages) -> Messages:
        """Keep those that went there."""
        if not (chosen := self.value()):
            return queryset
        if chosen == "outbound":
            return queryset.exclude(direction=Direction.INBOUND)
        return queryset.filter(direction=chosen)


class LinkFilter(MultipleDropdownFilter):
    """Over which link they went, or are to go."""

    title = "link"
    parameter_name = "link"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """List all links, and none."""
        links = Link.objects.order_by("name").values_list("pk", "name")
        return [("none", "no link"), *((str(pk), name) for pk, name in links)]

    def queryset(self, request: HttpRequest, queryset: Messages) -> Messages:
        """Keep those of these links."""
        chosen = set(request.GET.getlist("link")) - {""}
        if not chosen:
            return queryset
        named = Q(link__in=row_ids(chosen))
        return queryset.filter(named | Q(link__isnull=True) if "none" in chosen else named)


class ErrorFilter(MultipleDropdownFilter):
    """Why they failed."""

    title = "error"
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """List the codes, in words, and any of them."""
        codes = [(str(code.value), f"{code.value} {code.text}") for code in ErrorCode]
        return [("any", "any error"), *codes]

    def queryset(self, request: HttpRequest, queryset: Messages) -> Messages:
        """Keep those that failed so."""
        chosen = set(request.GET.getlist("error")) - {""}
        if not chosen:
            return queryset
        if "any" in chosen:
            return queryset.filter(_HAS_ERROR)
        codes = row_ids(chosen)
        return queryset.filter(_HAS_ERROR, error_code__in=codes)


class OwnerFilter(DropdownFilter):
    """Messages for numbers that no account has."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the one choice."""
        return [("nobody", "nobody: no account has the number")]

    def queryset(self, request: HttpRequest, queryset: Messages) -> Messages:
        """Keep what belongs to nobody."""
        return queryset.filter(account=account_id(request.GET)) if self.value() else queryset


def account_id(query: Mapping[str, str]) -> int | None:
    """Read whose messages are asked for; None where those of all are."""
    if query.get("owner"):
        nobody = Account.objects.filter(sid=unrouted.SID).values_list("pk", flat=True).first()
        return nobody or 0
    named = query.get("account__id__exact", "")
    return next(iter(row_ids([named])), None)


def row_ids(words: Iterable[str]) -> list[int]:
    """Read ids out of an address; what no column holds is left out."""
    return [int(word) for word in words if word.isdecimal() and len(word) <= _ID_DIGITS]


def _day(days_ago: int) -> datetime:
    today = datetime.combine(timezone.now().astimezone(UTC).date(), time(), UTC)
    return today - timedelta(days=days_ago)


_QUICK: Final[Mapping[str, tuple[str, Callable[[], Span]]]] = {
    "hour": ("last hour", lambda: Span(timezone.now() - timedelta(hours=1))),
    "today": ("today", lambda: Span(_day(0))),
    "yesterday": ("yesterday", lambda: Span(_day(1), _day(0))),
    "week": ("last 7 days", lambda: Span(timezone.now() - timedelta(days=7))),
    "month": ("last 30 days", lambda: Span(timezone.now() - timedelta(days=30))),
}

NAMES: Final = ("since_day", "since_time", "until_day", "until_time")
"""Parameters of a stretch of time that somebody wrote down."""


def span(query: Mapping[str, str]) -> Span:
    """Read the stretch of time that is asked for, in UTC; what is no time bounds nothing."""
    _, quick = _QUICK.get(query.get("when", ""), ("", Span))
    chosen = quick()
    since = _moment(query, "since", time())
    until = _moment(query, "until", time.max)
    return Span(since or chosen.since, until or chosen.until)


def _is_time(written: Mapping[str, str]) -> bool:
    """Say whether all that is written of a stretch of time counts."""
    sides = [
        [word for part in ("day", "time") if (word := written.get(f"{side}_{part}", "").strip())]
        for side in ("since", "until")
    ]
    try:
        return all(
            parse_date(words[0]) and all(map(parse_time, words[1:])) for words in sides if words
        )
    except ValueError:  # the 31st of February
        return False


def _moment(query: Mapping[str, str], name: str, otherwise: time) -> datetime | None:
    try:
        day = parse_date(query.get(f"{name}_day", "").strip())
        at = parse_time(query.get(f"{name}_time", "").strip())
    except ValueError:  # the 31st of February
        return None
    return datetime.combine(day, at or otherwise, UTC) if day else None


class QuickTimeFilter(DropdownFilter):
    """When they were accepted, in a word. The listing keeps to it: it knows the indexes."""

    title = "time"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """List the stretches that are asked for most."""
        return [(name, words) for name, (words, _) in _QUICK.items()]

    def queryset(self, request: HttpRequest, queryset: Messages) -> Messages:
        """Keep all here, or none where the word is none of ours."""
        return queryset if self.value() in (None, "", *_QUICK) else queryset.none()


class SpanFilter(ListFilter):
    """When they were accepted, from and to."""

    title = "from and to, UTC"
    template = "sms/admin/messages/span_filter.html"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in NAMES:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    def has_output(self) -> bool:
        """Show it always."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """List what it takes out of the query."""
        return list(NAMES)

    def choices(self, changelist: Any) -> Any:
        """Hand the form what was written into it."""
        yield {"written": self.used_parameters}

    def queryset(self, request: HttpRequest, queryset: Messages) -> Messages:
        """Keep all here, or none where what is written is no time: that must not mean all."""
        if not _is_time(request.GET):
            messages.error(request, "From and to are days such as 2026-11-30, and times of them.")
            return queryset.none()
        return queryset
