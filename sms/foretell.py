"""What would become of a message, and why, without sending it.

    the account -> the door -> block list and STOP -> the client's edge, or routing

In the words and by the code of those that decide (`submit`, `blocking`, `routing`), by the
database as it is now: what acceptance remembers may be a few seconds older.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from accounts import numbers
from accounts.models import Account
from accounts.sids import new_message_sid
from sms import blocking, operate, routing, submit, text
from sms.clients import whereabouts
from sms.errors import ErrorCode
from sms.models import Link, Route
from sms.routing import Candidate, Explanation, Fate, Traits


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A route that fits and does not count."""

    route: Route
    why: str


@dataclass(frozen=True, slots=True)
class Foretold:
    """What would become of a message."""

    headline: str
    goes: bool
    """Whether it would leave now."""
    obstacles: list[str] = field(default_factory=list)
    """What ends it before any link is asked, the first first."""
    note: str = ""
    """What its timeline would say."""
    segments: int = 1
    encoding: str = ""
    candidates: Sequence[Candidate] = ()
    standings: dict[int, str] = field(default_factory=dict)
    """Where the candidates' links stand, in their workers' words."""
    left_out: Sequence[LeftOut] = ()


def foretell(
    account: Account, *, sender: str, recipient: str, body: str = "", segments: int = 1
) -> Foretold:
    """Foretell a message; where it has no text, one of so many segments."""
    draft = submit.Draft(sender, recipient, body or "-")
    obstacles = [*_refusals(account, draft), *_blocks(account, sender, recipient)]
    if recipient.startswith(numbers.CLIENT_PREFIX):
        return _to_client(account, recipient, obstacles)
    encoding = text.choose(body)
    count = text.count_segments(body, encoding) if body else segments
    traits = Traits(
        new_message_sid(), numbers.key(recipient), account.pk, numbers.key(sender), count
    )
    found = routing.explain(routing.fresh(), traits)
    ids = {candidate.way.link_id for candidate in found.candidates}
    return Foretold(
        headline=obstacles[0] if obstacles else _headline(found),
        goes=not obstacles and found.choice.is_ready,
        obstacles=obstacles,
        note=found.choice.note,
        segments=count,
        encoding=encoding if body else "",
        candidates=found.candidates,
        standings=_standings(ids),
        left_out=[*_left_out(traits)],
    )


def _refusals(account: Account, draft: submit.Draft) -> Iterator[str]:
    if not account.is_active:
        yield f"The account is {account.status}: nothing of it is accepted, or sent (30002)."
    try:
        submit.check(draft, account.pk)
    except submit.Rejected as rejected:
        yield f"The API refuses it: {rejected.message}"


def _blocks(account: Account, sender: str, recipient: str) -> Iterator[str]:
    passage = blocking.Passage(account.pk, sender, recipient)
    if words := blocking.refusals([passage]).get(passage):
        yield f"It is accepted, and fails with 30004: {words}."


def _to_client(account: Account, recipient: str, obstacles: list[str]) -> Foretold:
    found = whereabouts.find(recipient, sender_account_id=account.pk)
    if found.place:
        words = f"It goes to {found.login}, over the edge {found.place.link_name}."
    elif found.is_away:
        words = f"{found.login} is not registered: it fails with 30003, or waits for him."
    else:
        words = "Nobody in the account's tree has this login: it fails with 30005."
    headline = obstacles[0] if obstacles else words
    return Foretold(headline, goes=not obstacles and bool(found.place), obstacles=obstacles)


def _headline(found: Explanation) -> str:
    takers = [c for c in found.candidates if c.fate is Fate.TAKES]
    if len(takers) > 1:
        shares = (f"{c.way.link_name} ({c.percent} %)" for c in takers)
        return f"It goes to one of these, by weight: {', '.join(shares)}."
    if takers:
        return f"It goes to {takers[0].way.link_name}."
    if way := found.choice.way:
        return f"It waits for {way.link_name}: none of its links takes it now."
    failure = found.choice.failure or ErrorCode.UNREACHABLE_CARRIER
    return f"It fails with {failure.value}, {failure.text}: {found.choice.note}."


def _standings(link_ids: set[int]) -> dict[int, str]:
    links = Link.objects.filter(pk__in=link_ids).prefetch_related("slots")
    return {
        link.pk: operate.summary(link, sorted(link.slots.all(), key=lambda slot: slot.number))
        for link in links
    }


def _left_out(traits: Traits) -> Iterator[LeftOut]:
    """List routes that fit, and count for nothing because their links are disabled."""
    digits = traits.recipient_key
    fits = Route.objects.filter(
        Q(account=None) | Q(account_id=traits.account_id),
        prefix__in=[digits[:n] for n in range(len(digits) + 1)],
        link__enabled=False,
    )
    for route in fits.select_related("link", "account").as_read():
        if route.fits_sender(traits.sender_key):
            yield LeftOut(route, f"{route.link.name} is disabled")
