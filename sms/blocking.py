"""May this sender reach this recipient? Asked when a message is accepted, and at every claim.

What may not pass is accepted all the same, and fails with 30004 before anything leaves. The
claim asks the database, so a block stops what was queued before it; acceptance asks only so
that no message waits for a link that it will never use, and remembers for seconds that there
is nothing to ask.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import islice

from django.db.models import Model

from accounts import memory, numbers
from sms.models import Block, KeywordReply, OptOut
from sms.models.block import pattern

Refusals = dict["Passage", str]
"""What may not pass, and why, in words for the timeline."""

_AT_ONCE = 500
"""How many recipients one query asks for; each has up to 16 prefixes, and parameters end."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A message of an account on its way; sender and recipient as they were given."""

    account_id: int
    sender: str
    recipient: str
    message_id: int = 0
    """0 while it has none. What answers a keyword passes where others do not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One list of what may not pass; without a row in its table it need not be asked."""

    table: type[Model]
    refuse: Callable[[Collection[Passage]], Refusals]


def refusals(passages: Iterable[Passage]) -> Refusals:
    """Say which may not pass, by the database as it is now."""
    asked = set(passages)
    refused: Refusals = {}
    for rule in _RULES:
        # To ask for one costs no more than to ask whether there is anything to ask.
        if asked and (len(asked) == 1 or rule.table._default_manager.exists()):
            refused |= rule.refuse(asked)
            asked -= refused.keys()
    return refused


def refusal(passage: Passage) -> str:
    """Say why one may not pass; empty when it may. For acceptance: a few seconds late."""
    (is_there_any,) = memory.recall("blocking", _is_there_any)
    return refusals([passage]).get(passage, "") if is_there_any else ""


def _is_there_any() -> tuple[bool]:
    """Say so in a tuple: a bare no would not be remembered."""
    return (any(rule.table._default_manager.exists() for rule in _RULES),)


def _blocked(passages: Collection[Passage]) -> Refusals:
    """Refuse what an operator has blocked. SIP clients have logins, which are no numbers."""
    refused: Refusals = {}
    rest = (p for p in passages if not p.recipient.startswith(numbers.CLIENT_PREFIX))
    while some := {p: numbers.key(p.recipient) for p in islice(rest, _AT_ONCE)}:
        blocks = _blocks_of(some.values())
        for passage, digits in some.items():
            if block := _first_of(blocks, passage.account_id, digits):
                refused[passage] = f"an operator has blocked {block}"
    return refused


_Blocks = set[tuple[str, bool, int | None]]
"""Digits, whether they are a prefix, and whose block it is."""


def _blocks_of(keys: Iterable[str]) -> _Blocks:
    # Whole numbers are the longest of their prefixes; what else comes along is not asked for.
    prefixes = {digits[:n] for digits in set(keys) for n in range(len(digits) + 1)}
    rows = Block.objects.filter(digits__in=prefixes).order_by()
    return set(rows.values_list("digits", "is_prefix", "account_id"))


def _first_of(blocks: _Blocks, account_id: int, digits: str) -> str:
    """Find the closest block of a number; write it as its operator did, or empty."""
    if not blocks:
        return ""
    candidates = [(digits, False), *((digits[:n], True) for n in range(len(digits), -1, -1))]
    for named, is_prefix in candidates:
        if not blocks.isdisjoint({(named, is_prefix, account_id), (named, is_prefix, None)}):
            return pattern(named, is_prefix=is_prefix)
    return ""


def _opted_out(passages: Collection[Passage]) -> Refusals:
    """Refuse what its recipient has stopped, but not the answer to that."""
    refused: Refusals = {}
    rest = (p for p in passages if not p.recipient.startswith(numbers.CLIENT_PREFIX))
    while some := {p: numbers.key(p.recipient) for p in islice(rest, _AT_ONCE)}:
        stopped = {
            (row.account_id, row.number, row.person): row.word
            for row in OptOut.objects.of_people(some.values())
        }
        for passage, person in some.items():
            if word := stopped.get((passage.account_id, numbers.key(passage.sender), person)):
                refused[passage] = f"the recipient has written {word} to this number"
    ids = {passage.message_id for passage in refused}
    answers = set(KeywordReply.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return {p: words for p, words in refused.items() if p.message_id not in answers}


_RULES = (Rule(Block, _blocked), Rule(OptOut, _opted_out))
