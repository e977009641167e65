"""An edge's office over the database: one thread, and everything that waits in one batch.

Two thousand clients that register at once cost a few statements, not thousands.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import HASHES_OF_PASSWORD, Client
from sms import models, wake
from sms.clients import rows
from sms.models import Link, Message
from sms.transports.sip.digest import Subscriber
from sms.transports.sip.flow import UDP
from sms.transports.sip.registrar import COMES_BACK_S, Binding

logger = logging.getLogger(__name__)

_BATCH = 500
_AT_ONCE = 200
"""Places in one condition: SQLite takes no deeper expressions than a thousand."""
_KNOWN_MAX = 20_000
_CLOSE_S = 5.0


@dataclass(frozen=True, slots=True)
class _Find:
    login: str
    then: Callable[[Subscriber | None], None]
    otherwise: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Write:
    put: Sequence[Binding]
    removed: Sequence[Binding]
    then: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class _Restore:
    then: Callable[[Sequence[Binding] | None], None]


_Question = _Find | _Write | _Restore


class Directory:
    """Meets `sip.office.Office`."""

    def __init__(self, link_name: str) -> None:
        self._link_name = link_name
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._known: dict[str, tuple[float, Subscriber | None]] = {}
        """Clients by login, for seconds: a REGISTER asks twice."""
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    # --- office.Office, from any thread ---------------------------------------------

    def find(
        self,
        login: str,
        then: Callable[[Subscriber | None], None],
        otherwise: Callable[[], None],
    ) -> None:
        """Find a client by its login."""
        known = self._known.get(login.lower())
        if known and known[0] > time.monotonic():
            then(known[1])
        else:
            self._ask(_Find(login.lower(), then, otherwise))

    def write(
        self, put: Sequence[Binding], removed: Sequence[Binding], then: Callable[[bool], None]
    ) -> None:
        """Keep bindings, and forget others."""
        self._ask(_Write(put, removed, then))

    def restore(self, then: Callable[[Sequence[Binding] | None], None]) -> None:
        """Return what an earlier run kept, connections with the time to be renewed."""
        self._ask(_Restore(then))

    def close(self) -> None:
        """Finish what was asked for."""
        if self._thread:
            self._questions.put(None)
            self._thread.join(_CLOSE_S)

    def _ask(self, question: _Question) -> None:
        with self._starting:
            if self._thread is None:
                name = f"directory {self._link_name}"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()
        self._questions.put(question)

    # --- its own thread -------------------------------------------------------------

    def _run(self) -> None:
        is_over = False
        while not is_over:
            batch = [self._questions.get()]
            while len(batch) < _BATCH and not self._questions.empty():
                batch.append(self._questions.get())
            is_over = None in batch
            self._answer([question for question in batch if question is not None])
        connection.close()

    def _answer(self, batch: Sequence[_Question]) -> None:
        # First of all: what is written from now on is not of an earlier run.
        for question in batch:
            if isinstance(question, _Restore):
                then = question.then
                self._guarded(lambda then=then: then(self._restore()), lambda then=then: then(None))  # type: ignore[misc]
        finds = [question for question in batch if isinstance(question, _Find)]
        writes = [question for question in batch if isinstance(question, _Write)]
        if finds:
            self._guarded(lambda: self._find(finds), lambda: _all(find.otherwise for find in finds))
        if writes:
            self._guarded(lambda: self._write(writes), lambda: _tell(writes, False))

    def _guarded(self, work: Callable[[], None], otherwise: Callable[[], None]) -> None:
        try:
            close_old_connections()
            work()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("directory: database: %s", str(error).strip().split("\n")[0])
            connection.close()
            otherwise()
        except Exception:
            logger.exception("directory: a batch failed")
            otherwise()

    def _find(self, finds: Sequence[_Find]) -> None:
        logins = {find.login for find in finds}
        found = {client.login.lower(): client for client in _clients(logins)}
        _hash_anew([c for c in found.values() if c.ha1_realm != settings.SIP_DOMAIN])
        until = time.monotonic() + settings.CACHE_SECONDS
        if len(self._known) > _KNOWN_MAX:
            self._known.clear()
        for login in logins:
            client = found.get(login)
            self._known[login] = until, rows.subscriber_of(client) if client else None
        for find in finds:
            find.then(self._known[find.login][1])

    def _write(self, writes: Sequence[_Write]) -> None:
        # In their order: of one device the last word counts.
        changes: dict[tuple[str, str], Binding | None] = {}
        for write in writes:
            changes |= {(binding.login, binding.key): None for binding in write.removed}
            changes |= {(binding.login, binding.key): binding for binding in write.put}
        put = [binding for binding in changes.values() if binding]
        gone = [place for place, binding in changes.items() if binding is None]
        with transaction.atomic():
            link_id = Link.objects.values_list("id", flat=True).get(name=self._link_name)
            logins = {login for login, _ in changes}
            ids = {client.login.lower(): client.pk for client in _clients(logins)}
            _delete([(ids[login], key) for login, key in gone if login in ids], link_id)
            stored = [
                rows.row_of(binding, client_id=ids[binding.login], link_id=link_id)
                for binding in put
                if binding.login in ids
            ]
            models.Binding.objects.bulk_create(
                sorted(stored, key=lambda row: (row.client_id, row.key)),
                update_conflicts=True,
                unique_fields=["client", "key"],
                update_fields=rows.COLUMNS,
            )
            waiting = _release({binding.login for binding in put}, link_id)
        if waiting:
            wake.link(self._link_name)
        _tell(writes, True)

    def _restore(self) -> Sequence[Binding]:
        own = models.Binding.objects.filter(link__name=self._link_name)
        back_by = timezone.now() + timedelta(seconds=COMES_BACK_S)
        own.exclude(transport=UDP).filter(expires_at__gt=back_by).update(expires_at=back_by)
        live = own.live().filter(client__enabled=True).select_related("client")
        return [rows.binding_of(row) for row in live]


def _clients(logins: Iterable[str]) -> Iterable[Client]:
    return Client.objects.with_logins(logins).select_related("account")


def _hash_anew(clients: Sequence[Client]) -> None:
    """Hash passwords again: the SIP domain has changed, or they are older than the hashes."""
    for client in clients:
        client.hash_password()
    if clients:
        Client.objects.bulk_update(clients, HASHES_OF_PASSWORD)


def _delete(places: Sequence[tuple[int, str]], link_id: int) -> None:
    for begin in range(0, len(places), _AT_ONCE):
        any_of = Q()
        for client_id, key in places[begin : begin + _AT_ONCE]:
            any_of |= Q(client_id=client_id, key=key)
        # Of this edge: by now the device may be registered at another.
        models.Binding.objects.filter(any_of, link_id=link_id).delete()


def _release(logins: Iterable[str], link_id: int) -> int:
    """Let out what waits for clients that are here now."""
    waiting = Message.objects.waiting().filter(
        recipient_key__in=[login.casefold() for login in logins],
        num_segments__isnull=True,
        recipient__startswith="client:",
    )
    # Not those that are due here anyway: they would lose their place.
    elsewhere = waiting.filter(Q(link_id=None) | ~Q(link_id=link_id) | Q(due_at__gt=Now()))
    return elsewhere.update(link_id=link_id, due_at=Now(), date_updated=timezone.now())


def _tell(writes: Sequence[_Write], is_done: bool) -> None:
    _all((lambda w=write: w.then(is_done)) for write in writes)  # type: ignore[misc]


def _all(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()
