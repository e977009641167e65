"""Matching a message with routes, and choosing among them. Pure, and quick: every POST asks."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from sms.errors import ErrorCode
from sms.routing.conditions import RANKS, TOO_EXPENSIVE, Condition, Standing

NOTE_LENGTH = 255
"""What a message's row has room for."""


class Traits(NamedTuple):
    """What of a message decides where it goes."""

    sid: str
    recipient_key: str
    account_id: int
    sender_key: str
    segments: int


class Row(NamedTuple):
    """A route, as it is stored."""

    prefix: str
    account_id: int | None
    sender: str
    priority: int
    weight: int
    price: Decimal
    link_id: int


def join_ids(ids: Iterable[int]) -> str:
    """Write ids of links as `Message.tried_links` holds them."""
    return " ".join(map(str, sorted(ids)))


def split_ids(text: str) -> frozenset[int]:
    """Read what `join_ids` wrote."""
    return frozenset(map(int, text.split()))


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A candidate: a link, and what its route says."""

    link: Standing
    weight: int
    price: Decimal
    why: str

    @property
    def link_id(self) -> int:
        """Name its link to the database."""
        return self.link.id

    @property
    def link_name(self) -> str:
        """Name its link to people."""
        return self.link.name


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided for a message, and why."""

    way: Way | None
    note: str
    failure: ErrorCode | None = None
    """Why there is no way."""
    is_ready: bool = False
    """The link takes it now; otherwise it waits for it."""


NO_ROUTE = Choice(None, "no route fits", ErrorCode.UNREACHABLE_CARRIER)


class Rule:
    """The candidates of messages of one kind, by priority."""

    __slots__ = ("_first", "groups")

    def __init__(self, rows: Iterable[Row], links: Mapping[int, Standing]) -> None:
        groups: defaultdict[int, list[Row]] = defaultdict(list)
        for row in rows:
            groups[row.priority].append(row)
        self.groups = tuple(_group(groups[priority], links) for priority in sorted(groups))
        self._first = [Choice(way, _told(way), is_ready=True) for way in self.groups[0]]
        """The answer where the first that is drawn takes the message: nearly always."""

    def first(self, sid: str) -> Choice:
        """Choose the candidate that a message with this sid tries first."""
        if len(self._first) == 1:
            return self._first[0]
        return self._first[_draw(self.groups[0], int(sid[-12:], 16))[1]]

    def links(self) -> set[int]:
        """List its links."""
        return {way.link.id for group in self.groups for way in group}

    def in_order(self, sid: str) -> Iterator[Way]:
        """Walk through the candidates as a message with this sid tries them."""
        number = int(sid[-12:], 16)  # of the part that is random
        for group in self.groups:
            left = list(group)
            while left:
                number, place = _draw(left, number)
                yield left.pop(place)


def _draw(ways: Sequence[Way], number: int) -> tuple[int, int]:
    """Draw one of several by weight; return what is left of the number for the next draw.

    As digits of a number in changing bases: what was drawn before says nothing of the next.
    """
    total = sum(way.weight for way in ways)
    if len(ways) == 1 or not total:  # only those are left that come when nothing else does
        return number, 0
    number, point = divmod(number, total)
    for place, way in enumerate(ways):
        point -= way.weight
        if point < 0:
            return number, place
    raise AssertionError


def _group(rows: list[Row], links: Mapping[int, Standing]) -> tuple[Way, ...]:
    total = sum(row.weight for row in rows)
    rows.sort(key=lambda row: (-row.weight, links[row.link_id].name))
    return tuple(
        Way(
            links[row.link_id],
            row.weight,
            row.price,
            _why(row) + (f", weight {row.weight} of {total}" if len(rows) > 1 else ""),
        )
        for row in rows
    )


def _why(row: Row) -> str:
    fits = [
        f"prefix {row.prefix}" if row.prefix else "any number",
        "its account" if row.account_id else "",
        f"sender {row.sender}" if row.sender else "",
        f"priority {row.priority}",
    ]
    return ", ".join(word for word in fits if word)


@dataclass(slots=True)
class _Senders:
    """The rules of one prefix and account."""

    exact: dict[str, Rule] = field(default_factory=dict)
    beginnings: list[tuple[str, Rule]] = field(default_factory=list)
    """The longest first."""
    every: Rule | None = None

    def put(self, sender: str, rule: Rule) -> None:
        if not sender:
            self.every = rule
        elif sender.endswith("*"):
            self.beginnings.append((sender[:-1], rule))
            self.beginnings.sort(key=lambda entry: -len(entry[0]))
        else:
            self.exact[sender] = rule

    def match(self, sender_key: str) -> Rule | None:
        if rule := self.exact.get(sender_key):
            return rule
        for beginning, rule in self.beginnings:
            if sender_key.startswith(beginning):
                return rule
        return self.every


class Table:
    """All routes, and how their links do."""

    def __init__(
        self,
        rows: Iterable[Row],
        links: Iterable[Standing],
        max_prices: Mapping[int, Decimal] | None = None,
    ) -> None:
        self.links = {link.id: link for link in links}
        self._max_prices = max_prices or {}
        self._by_prefix: dict[str, dict[int | None, _Senders]] = {}
        kinds: defaultdict[tuple[str, int | None, str], list[Row]] = defaultdict(list)
        for row in rows:
            kinds[row[:3]].append(row)
        self.rules = [self._put(*kind, Rule(kinds[kind], self.links)) for kind in kinds]
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)

    def choose(self, traits: Traits, tried: Collection[int] = ()) -> Choice:
        """Choose a link for a message among those it has not tried."""
        rule = self._match(traits)
        if rule is None:
            return NO_ROUTE
        limit = self._max_prices.get(traits.account_id)
        if limit is None and not tried:
            first = rule.first(traits.sid)
            if first.way and first.way.link.takes_one():
                return first
        return _choose(rule.in_order(traits.sid), traits.segments, limit, tried)

    def groups(self, traits: Traits) -> tuple[tuple[Way, ...], ...]:
        """List a message's candidates by priority."""
        rule = self._match(traits)
        return rule.groups if rule else ()

    def max_price(self, account_id: int) -> Decimal | None:
        """Say what a message of an account may cost; None for any price."""
        return self._max_prices.get(account_id)

    def candidates(self, traits: Traits) -> list[Way]:
        """List a message's candidates in its order."""
        rule = self._match(traits)
        return list(rule.in_order(traits.sid)) if rule else []

    def name(self, link_id: int) -> str:
        """Name a link, also one that nothing is routed over any more."""
        link = self.links.get(link_id)
        return link.name if link else "a disabled link"

    def condition(self, link_id: int) -> Condition | None:
        """Say how a link does; None for one that nothing is routed over."""
        link = self.links.get(link_id)
        return link.condition if link else None

    def has_stand_in(self, link_id: int) -> bool:
        """Say whether messages of a link could go to another now. Cheap, and rather too often."""
        ready = {link.id for link in self.links.values() if link.condition is Condition.READY}
        if link_id not in self.links:
            return bool(ready)
        rules = (rule.links() for rule in self.rules)
        return any(link_id in links and ready & (links - {link_id}) for links in rules)

    def _put(self, prefix: str, account_id: int | None, sender: str, rule: Rule) -> Rule:
        accounts = self._by_prefix.setdefault(prefix, {})
        accounts.setdefault(account_id, _Senders()).put(sender, rule)
        return rule

    def _match(self, traits: Traits) -> Rule | None:
        digits, account_id = traits.recipient_key, traits.account_id
        for length in self._lengths:
            accounts = self._by_prefix.get(digits[:length])
            if accounts is None:
                continue
            for kind in (account_id, None):
                senders = accounts.get(kind)
                if senders and (rule := senders.match(traits.sender_key)):
                    return rule
        return None


def _choose(
    ways: Iterator[Way], segments: int, limit: Decimal | None, tried: Collection[int]
) -> Choice:
    passed: list[str] = []
    waiting: list[Way] = []
    failure = None
    for way in ways:
        if way.link.id in tried:
            continue
        if limit is not None and way.price * segments > limit:
            failure = failure or ErrorCode.PRICE_EXCEEDED
            passed.append(f"{way.link.name}: {TOO_EXPENSIVE}")
            continue
        if way.link.takes_one():
            return Choice(way, _told(way, passed), is_ready=True)
        if way.link.is_full:
            failure = ErrorCode.QUEUE_OVERFLOW
        else:
            waiting.append(way)
        passed.append(f"{way.link.name}: {way.link.trouble}")
    if not waiting:
        return Choice(None, _passed_over(passed), failure)
    best = min(waiting, key=lambda way: RANKS[way.link.condition])
    others = [word for word in passed if word != f"{best.link.name}: {best.link.trouble}"]
    return Choice(best, _told(best, others, waits=True))


def _told(way: Way, passed: list[str] | None = None, *, waits: bool = False) -> str:
    """Say which way it is, by what, and what came before it."""
    note = f"{way.link.name} by {way.why}"
    if waits:
        note += f", although {way.link.trouble}"
    return f"{note}; {_passed_over(passed)}"[:NOTE_LENGTH] if passed else note[:NOTE_LENGTH]


def _passed_over(passed: list[str]) -> str:
    return f"passed over {', '.join(passed)}"[:NOTE_LENGTH] if passed else "every link was tried"
