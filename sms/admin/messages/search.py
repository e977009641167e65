"""What somebody means by what they type into the search box."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db.models import Exists, OuterRef, Q

from accounts import numbers
from accounts.models import Account
from accounts.sids import SID
from sms.admin.messages.listing import few
from sms.models import Link, Message, Segment

_SID: Final = re.compile(r"sm[0-9a-f]{1,32}", re.IGNORECASE)
_DECIMAL: Final = re.compile(r"[0-9]{1,30}", re.ASCII)
_HEXADECIMAL: Final = re.compile(r"[0-9A-F]{1,30}", re.ASCII)

MOST: Final = 50
"""Of accounts that have a number, and of messages that have a provider's id."""

MOST_OWNERS: Final = 1000
"""Accounts that are asked one after the other whether they have any number that begins so."""

PARTIES: Final = ("sender_key", "recipient_key")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Ranges of indexes that have it, and whether these are ordered by account and date."""

    paths: Sequence[Q] = (Q(),)
    is_by_date: bool = True
    words: Sequence[str] = field(default=())
    """What was looked for, in words; for a page that found nothing."""
    sids_from: str = ""
    """How sids begin that are looked for: a range of the order by which all are listed."""


ALL: Final = Wanted(is_by_date=False)


def wanted(text: str, account_id: int | None) -> Wanted:
    """Read what was typed; `account_id` is of the account that is filtered by, if any."""
    text = text.strip().replace("\x00", "")
    if not text:
        return ALL
    if _SID.fullmatch(text):
        return _sid(text)
    if account := _account_named(text):
        return Wanted([Q(account=account)], words=[f"account {account.friendly_name}"])
    if (digits := _digits(text)) is not None:
        return _number(digits, account_id, is_prefix=text.endswith("*"))
    return _word(text, account_id)


def _sid(text: str) -> Wanted:
    sid = "SM" + text[2:].lower()
    if len(sid) == 34:
        return Wanted([Q(sid=sid)], is_by_date=False, words=[f"sid {sid}"])
    within = Q(sid__gte=sid, sid__lt=f"{sid}g")
    return Wanted([within], is_by_date=False, sids_from=sid, words=[f"sids from {sid}"])


def _account_named(text: str) -> Account | None:
    if not ("@" in text or SID.fullmatch(text)):
        return None
    return Account.objects.named(text).first()


def _digits(text: str) -> str | None:
    """Reduce a number, however it is written, to what it is compared by; None where it is none."""
    key = numbers.key(text.rstrip("*").replace("/", ""))
    if not (key.isascii() and key.isdigit() and len(key) >= 2):
        return None
    return key.removeprefix("00") if key.startswith("00") and len(key) > 4 else key


def _number(digits: str, account_id: int | None, *, is_prefix: bool) -> Wanted:
    if is_prefix:
        paths = [
            Q(**{f"{party}__gte": digits, f"{party}__lt": f"{digits}:"}) & _of(account_id)
            for party in PARTIES
        ]
        paths = _if_few(paths, account_id) or paths
        return Wanted(paths, account_id is not None, [f"numbers that begin with {digits}"])
    paths = [*_of_party(digits, account_id), *_of_provider(digits)]
    return Wanted(paths, words=[f"number {digits}", f"provider's id {digits}"])


def _word(text: str, account_id: int | None) -> Wanted:
    """Look for a sender's name or a client's login, an account's name, a provider's id."""
    named = Account.objects.filter(friendly_name__icontains=text).order_by("-id")
    accounts = (
        [] if account_id else [Q(account=id_) for id_ in named.values_list("pk", flat=True)[:5]]
    )
    paths = [*_of_party(numbers.key(text), account_id), *accounts, *_of_provider(text)]
    words = [f"sender or client {text}", f"accounts called {text}", f"provider's id {text}"]
    return Wanted(paths, words=words)


def _if_few(paths: Sequence[Q], account_id: int | None) -> list[Q]:
    """Choose the same messages by their ids, where they are few: rare among all that is walked.

    What many have is found soon by walking. Indexes of numbers begin with the account: each
    is looked into.
    """
    accounts = Account.objects.order_by("-id").values_list("pk", flat=True)
    owners = [account_id] if account_id else list(accounts[: MOST_OWNERS + 1])
    if len(owners) > MOST_OWNERS:
        return []
    found = few(*(Message.objects.filter(path, account__in=owners) for path in paths))
    return [found] if found is not None else []


def _of(account_id: int | None) -> Q:
    return Q(account=account_id) if account_id else Q()


def _of_party(key: str, account_id: int | None) -> list[Q]:
    """Choose a party's messages by the accounts that have any: their indexes begin with these.

    A number of ours has one account, and so a range that is in order; a subscriber's has
    more, and few messages.
    """
    paths = []
    for party in PARTIES:
        owners = [account_id] if account_id else _accounts_with(party, key)
        if owners:
            whose = Q(account=owners[0]) if len(owners) == 1 else Q(account__in=owners)
            paths.append(whose & Q(**{party: key}))
    return paths


def _accounts_with(party: str, key: str) -> list[int]:
    has_any = Exists(Message.objects.filter(**{"account": OuterRef("pk"), party: key}))
    return list(Account.objects.filter(has_any).values_list("pk", flat=True)[:MOST])


def _of_provider(text: str) -> list[Q]:
    """Choose messages by an id that a carrier gave one of their segments, at any link."""
    links = list(Link.objects.values_list("pk", flat=True))
    rows = Segment.objects.filter(link__in=links, remote_key__in=_forms(text))
    rows = rows.exclude(remote_key="")  # the index's own words: without them SQLite reads all
    ids = list(rows.values_list("message_id", flat=True)[:MOST])
    return [Q(pk__in=ids)] if ids else []


def _forms(text: str) -> set[str]:
    """Write an id as links keep it: carriers answer in hexadecimal and report in decimal."""
    same = text.upper().lstrip("0") or "0"
    forms = {text, same}
    if _DECIMAL.fullmatch(same):
        forms.add(f"{int(same):X}")
    if _HEXADECIMAL.fullmatch(same):
        forms.add(str(int(same, 16)))
    return forms
