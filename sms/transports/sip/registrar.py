"""Where each client is: what REGISTER changes, and what time, silence and lost flows do.

Times are in seconds since 1970: bindings outlive a process. Source: RFC 3261 §10, RFC 5626.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sms.transports.sip.fields import Malformed, NameAddr
from sms.transports.sip.flow import UDP, Flow
from sms.transports.sip.message import Request

SHORTEST_S: Final = 60
LONGEST_S: Final = 3600
CONTACTS_MAX: Final = 10
_URI_MAX: Final = 512
_INSTANCE_MAX: Final = 200
_WORTH_WRITING_S: Final = 30.0
"""An expiry that moves by less is not written: at worst a client is thought gone so much early."""
COMES_BACK_S: Final = 60.0
"""After a restart of the edge, clients whose connections broke are expected for so long."""
_SILENCES_MAX: Final = 2
"""So many requests in a row without an answer, and nobody is thought to listen there."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a client can be reached."""

    login: str
    """In lower case, as clients are told apart."""
    key: str
    """Which of the client's: a device keeps it, although its address changes."""
    contact: str
    """The address as the client wrote it; a request to it carries it letter by letter."""
    flow: Flow
    call_id: str
    cseq: int
    expires_at: float
    user_agent: str = ""
    instance: str = ""
    """`+sip.instance` and `reg-id`, as parameters to be shown."""


@dataclass(frozen=True, slots=True)
class Update:
    """What a REGISTER comes to."""

    put: tuple[Binding, ...] = ()
    removed: tuple[Binding, ...] = ()
    writes: tuple[Binding, ...] = ()
    """Those of `put` that the database has to hear of."""


@dataclass(slots=True)
class _Place:
    binding: Binding
    silences: int = 0


class Refused(Exception):
    """A REGISTER that changes nothing."""

    def __init__(self, status: int, reason: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers


@dataclass(slots=True)
class Registrar:
    """The bindings of one edge, in memory; its owner writes what `update` says."""

    _places: dict[str, dict[str, _Place]] = field(default_factory=dict)
    _by_flow: dict[Flow, set[tuple[str, str]]] = field(default_factory=dict)
    _expected: dict[str, float] = field(default_factory=dict)
    """Until when, by login."""

    def of(self, login: str, now: float) -> list[Binding]:
        """List a client's live bindings, newest first."""
        places = self._places.get(login.lower(), {}).values()
        live = [place.binding for place in places if place.binding.expires_at > now]
        return sorted(live, key=lambda binding: -binding.expires_at)

    def update(self, request: Request, login: str, flow: Flow, now: float) -> Update:
        """Work out what an authenticated REGISTER changes, without changing it.

        Raises Refused, Malformed.
        """
        own = {binding.key: binding for binding in self.of(login, now)}
        contacts = request.headers.values("contact")
        if any(contact.strip() == "*" for contact in contacts):
            return self._update_all(request, contacts, own)
        put, removed = [], []
        for contact in contacts:
            binding = _binding(NameAddr.read(contact), request, login, flow, now)
            known = own.get(binding.key)
            _check_order(known, request)
            if binding.expires_at > now:
                put.append(binding)
            elif known:
                removed.append(known)
        kept = [b for key, b in own.items() if key not in {b.key for b in [*put, *removed]}]
        too_many = len(kept) + len(put) - CONTACTS_MAX
        if len(put) > CONTACTS_MAX:
            raise Refused(403, "Too many contacts")
        if too_many > 0:  # those of earlier runs that did not say good-bye
            removed += sorted(kept, key=lambda binding: binding.expires_at)[:too_many]
        writes = [binding for binding in put if _is_worth_writing(own.get(binding.key), binding)]
        return Update(tuple(put), tuple(removed), tuple(writes))

    def apply(self, update: Update) -> None:
        """Change what `update` said."""
        for binding in update.removed:
            self.remove(binding)
        for binding in update.put:
            self.put(binding)

    def restore(self, binding: Binding) -> None:
        """Note a binding of an earlier run: its connection is gone, but the client may be back."""
        if binding.flow.transport == UDP:
            self.put(binding)
        else:
            self._expected[binding.login] = binding.expires_at

    def is_expected(self, login: str, now: float) -> bool:
        """Say whether a client is likely to register again any moment."""
        return self._expected.get(login.lower(), 0.0) > now

    def put(self, binding: Binding) -> None:
        """Note a binding, in the place of an earlier one of its key."""
        self._expected.pop(binding.login, None)
        self._leave_flow(binding.login, binding.key)
        self._places.setdefault(binding.login, {})[binding.key] = _Place(binding)
        self._by_flow.setdefault(binding.flow, set()).add((binding.login, binding.key))

    def remove(self, binding: Binding) -> None:
        """Forget a binding."""
        self._leave_flow(binding.login, binding.key)
        places = self._places.get(binding.login, {})
        places.pop(binding.key, None)
        if not places:
            self._places.pop(binding.login, None)

    def on_flow(self, flow: Flow) -> list[Binding]:
        """List the bindings that are reached over a flow."""
        named = self._by_flow.get(flow, ())
        return [self._places[login][key].binding for login, key in named]

    def expired(self, now: float) -> list[Binding]:
        """List what has had its time."""
        return [binding for binding in self if binding.expires_at <= now]

    def heard(self, binding: Binding) -> None:
        """Note that somebody answered there."""
        if place := self._place(binding):
            place.silences = 0

    def silent(self, binding: Binding) -> bool:
        """Note that nobody answered there; True when it is to be given up."""
        place = self._place(binding)
        if place is None or binding.flow.transport != UDP:
            return False
        place.silences += 1
        return place.silences >= _SILENCES_MAX

    def __iter__(self) -> Iterator[Binding]:
        return (place.binding for own in self._places.values() for place in own.values())

    def __len__(self) -> int:
        return sum(len(own) for own in self._places.values())

    def _place(self, binding: Binding) -> _Place | None:
        place = self._places.get(binding.login, {}).get(binding.key)
        # Registered anew from elsewhere meanwhile, it is another place.
        return place if place and place.binding.flow == binding.flow else None

    def _leave_flow(self, login: str, key: str) -> None:
        place = self._places.get(login, {}).get(key)
        if place:
            named = self._by_flow.get(place.binding.flow, set())
            named.discard((login, key))
            if not named:
                self._by_flow.pop(place.binding.flow, None)

    def _update_all(
        self, request: Request, contacts: Sequence[str], own: dict[str, Binding]
    ) -> Update:
        # Source: RFC 3261 §10.3, step 6.
        if len(contacts) != 1 or request.headers.get("expires") != "0":
            raise Malformed("* stands alone, and with Expires: 0")
        for binding in own.values():
            _check_order(binding, request)
        return Update(removed=tuple(own.values()))


def contacts_of(bindings: Sequence[Binding], now: float) -> list[tuple[str, str]]:
    """Write the Contact headers that answer a REGISTER."""
    return [
        (
            "contact",
            f"<{b.contact}>{b.instance};expires={max(math.ceil(b.expires_at - now), 0)}",
        )
        for b in bindings
    ]


def parted(binding: Binding, now: float) -> Binding:
    """Give a binding whose connection ends with the edge the time to be renewed."""
    return replace(binding, expires_at=min(binding.expires_at, now + COMES_BACK_S))


def _binding(contact: NameAddr, request: Request, login: str, flow: Flow, now: float) -> Binding:
    if len(contact.uri) > _URI_MAX or contact.address().scheme == "tel":
        raise Malformed("not a contact that can be reached")
    instance = contact.params.get("+sip.instance", "")[:_INSTANCE_MAX]
    reg_id = contact.params.get("reg-id", "")
    shown = f';+sip.instance="{instance}"' if instance and '"' not in instance else ""
    if reg_id.isascii() and reg_id.isdigit():
        shown += f";reg-id={reg_id[:10]}"
    return Binding(
        login=login.lower(),
        key=f"{instance} {reg_id[:10]}" if shown and instance else contact.uri[:_URI_MAX],
        contact=contact.uri,
        flow=flow,
        call_id=request.call_id[:255],
        cseq=request.cseq[0],
        expires_at=now + _expires_s(contact, request),
        user_agent=request.headers.get("user-agent")[:255],
        instance=shown,
    )


def _expires_s(contact: NameAddr, request: Request) -> int:
    text = contact.params.get("expires") or request.headers.get("expires")
    # What cannot be read counts as an hour. Source: RFC 3261 §10.3, step 7; RFC 4475 §3.1.2.
    wanted = int(text) if re.fullmatch(r"[0-9]{1,10}", text) else LONGEST_S
    if 0 < wanted < SHORTEST_S:
        raise Refused(423, "Interval Too Brief", (("min-expires", str(SHORTEST_S)),))
    return min(wanted, LONGEST_S)


def _check_order(known: Binding | None, request: Request) -> None:
    if known and known.call_id == request.call_id[:255] and known.cseq >= request.cseq[0]:
        raise Refused(400, "CSeq out of order")


def _is_worth_writing(known: Binding | None, binding: Binding) -> bool:
    if known is None:
        return True
    moved_s = abs(known.expires_at - binding.expires_at)
    return (
        moved_s >= _WORTH_WRITING_S
        or replace(known, call_id=binding.call_id, cseq=binding.cseq, expires_at=binding.expires_at)
        != binding
    )
