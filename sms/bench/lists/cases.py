"""The kinds of pages that the bench asks for, and what they are asked with."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from accounts.models import Account
from sms.bench.lists.measure import Query
from sms.models import Message

SORTS = ("DateCreated", "From", "To", "Direction", "Status")
GOAL_MS, MIXED_GOAL_MS = 20, 200


@dataclass(frozen=True, slots=True)
class Sample:
    """A message from anywhere in an account's year, to ask for pages around it."""

    sid: str
    sender: str
    recipient: str
    status: str
    at: datetime


Write = Callable[[Sample], Query]


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of page."""

    name: str
    write: Write
    goal_ms: int | None = MIXED_GOAL_MS
    """What 95 of 100 must stay under; None where a statement time-out is the only bound."""


class Sampler:
    """Draws messages of an account by moments of its year; the same ones for one seed."""

    def __init__(self, account: Account, *, seed: int = 1) -> None:
        self._of_account = Message.objects.for_account(account.pk)
        self._random = random.Random(seed)  # noqa: S311  # no secret
        oldest = self._of_account.order_by("date_created").values_list("date_created").first()
        newest = self._of_account.order_by("-date_created").values_list("date_created").first()
        if oldest is None or newest is None:
            raise ValueError("the account has no messages")
        self._oldest, self._span = oldest[0], newest[0] - oldest[0]

    def draw(self) -> Sample:
        """Draw the message next to a random moment."""
        moment = self._oldest + self._span * self._random.random()
        nearest = self._of_account.filter(date_created__gte=moment).order_by("date_created", "id")
        columns = ("sid", "sender", "recipient", "status", "date_created")
        return Sample(*nearest.values_list(*columns)[0])


def _day(sample: Sample) -> Query:
    day = sample.at.astimezone(UTC).date().isoformat()
    return {"StartTime": day, "EndTime": day}


def _month(sample: Sample) -> Query:
    at = sample.at.astimezone(UTC)
    return {"StartTime": at.isoformat(), "EndTime": (at + timedelta(days=30)).isoformat()}


def _sorted(sort: str, way: str) -> Write:
    return lambda _: {"SortBy": sort + way.replace(" ", ":")}


PARTS: Mapping[str, Write] = {
    "From=": lambda sample: {"From": sample.sender},
    "To=": lambda sample: {"To": sample.recipient},
    "Status=": lambda sample: {"Status": sample.status},
    "Status=undelivered": lambda _: {"Status": "undelivered"},
    "Status=queued": lambda _: {"Status": "queued"},
    "one day": _day,
    "one month": _month,
    "anywhere": lambda sample: {"AfterSid": sample.sid},
    "PageSize 1000": lambda _: {"PageSize": "1000"},
    "Page 199": lambda _: {"Page": "199"},
    "Limit 500": lambda _: {"Limit": "500"},
    "Body=": lambda _: {"Body": "no such text"},
    "From=%pattern": lambda sample: {"From": f"{sample.sender[-4:]}%"},
    "SubAccounts": lambda _: {"SubAccounts": "true"},
    **{f"by {sort}{way}": _sorted(sort, way) for sort in SORTS for way in ("", " desc")},
}
"""The words that names of cases are made of, and what each adds to a query."""

_ORDERS = [f"by {sort}{way}" for sort in SORTS for way in (" desc", "")]
_PAGES = [
    *_ORDERS,
    *(f"{order}, anywhere" for order in _ORDERS),
    "From=",
    "To=",
    "From=, anywhere",
    "To=, anywhere",
    "Status=",
    "Status=, anywhere",
    "Status=undelivered",
    "Status=queued",
    "one day",
    "one month",
    "Limit 500",
]
_MIXED = [
    *(f"{party}=, by {sort}" for party in ("From", "To") for sort in SORTS),
    *(f"{party}=, by {sort} desc, anywhere" for party in ("From", "To") for sort in SORTS[1:]),
    *(f"Status=undelivered, by {sort}" for sort in ("From", "To", "Direction", "Status")),
    *(f"one day, by {sort}" for sort in SORTS),
    *(f"one month, by {sort}" for sort in SORTS),
    *(f"one month, by {sort} desc, anywhere" for sort in ("From", "To", "Status")),
    "From=, one month",
    "From=, one month, by To",
    "From=, To=",
    "From=, Status=undelivered",
    "Status=, one day",
    "PageSize 1000",
    "PageSize 1000, anywhere",
    "PageSize 1000, by From, anywhere",
    "Page 199",
    "Page 199, by From",
]
_BOUND_BY_TIME_OUT = ["Body=", "From=%pattern", "SubAccounts", "SubAccounts, by From"]


def _writer(name: str) -> Write:
    parts = [PARTS[part] for part in name.split(", ")]
    return lambda sample: {key: text for part in parts for key, text in part(sample).items()}


CASES = [
    Case(name, _writer(name), goal_ms)
    for goal_ms, names in (
        (GOAL_MS, _PAGES),
        (MIXED_GOAL_MS, _MIXED),
        (None, _BOUND_BY_TIME_OUT),
    )
    for name in names
]


def pages(case: Case, sampler: Sampler, count: int) -> Iterator[Query]:
    """Write that many queries of one kind."""
    for _ in range(count):
        yield case.write(sampler.draw())
