"""Where is alice? Asked when a message for her is accepted, and while it has no link."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from accounts import numbers
from accounts.models import Account, Client
from sms.models import Binding

Question = tuple[str, int]
"""A client's login, perhaps behind `client:`, and the account that writes to it."""


@dataclass(frozen=True, slots=True)
class Place:
    """The edge where a client is registered."""

    link_id: int
    link_name: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What there is to know about a client."""

    login: str | None = None
    """As it is stored; None where there is no such client."""
    place: Place | None = None
    """None while it is not registered anywhere."""

    @property
    def is_away(self) -> bool:
        """Say whether there is such a client, and no way to reach it now."""
        return self.login is not None and self.place is None


def find(login: str, *, sender_account_id: int) -> Whereabouts:
    """Find one client."""
    question = login, sender_account_id
    return find_all({question})[question]


def find_all(questions: Collection[Question]) -> dict[Question, Whereabouts]:
    """Find clients that accounts may write to: those of their own trees.

    A client of strangers counts as unknown: who exists there is not the sender's business.
    """
    clients = {client.login.lower(): client for client in _clients(questions)}
    owners = {client.account_id for client in clients.values()}
    roots = _roots(owners | {account_id for _, account_id in questions}) if clients else {}
    places = _places_of([client.pk for client in clients.values() if client.enabled])
    found = {}
    for question in questions:
        client = clients.get(_login(question))
        is_known = client and roots[client.account_id] == roots.get(question[1])
        found[question] = _tell(client, places) if client and is_known else Whereabouts()
    return found


def _clients(questions: Iterable[Question]) -> Iterable[Client]:
    return Client.objects.with_logins(map(_login, questions))


def _login(question: Question) -> str:
    return question[0].removeprefix(numbers.CLIENT_PREFIX).lower()


def _tell(client: Client, places: dict[int, Place]) -> Whereabouts:
    return Whereabouts(client.login, places.get(client.pk))


def _roots(account_ids: Iterable[int]) -> dict[int, int]:
    """Find the accounts at the top of the trees, which have three levels."""
    rows = Account.objects.filter(id__in=account_ids)
    columns = rows.values_list("id", "parent_id", "parent__parent_id")
    return {id_: top or parent or id_ for id_, parent, top in columns}


def _places_of(client_ids: Collection[int]) -> dict[int, Place]:
    """Choose for each client the edge of its newest binding."""
    if not client_ids:
        return {}
    live = Binding.objects.live().filter(client_id__in=client_ids, link__enabled=True)
    columns = ("client_id", "link_id", "link__name")
    rows = live.order_by("registered_at").values_list(*columns)
    return {client_id: Place(link_id, name) for client_id, link_id, name in rows}
