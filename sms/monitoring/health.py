"""Is the platform well? Cheap questions, asked every few seconds for as long as it runs."""

import time
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from sms import slots, wake
from sms.models import Link, Slot

ASK_THE_BROKER_S = 5.0
"""Its last answer counts for so long: asking costs a log-in."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether this process should be sent requests."""

    database: str
    broker: str

    @property
    def is_ready(self) -> bool:
        """A broker that is away makes deliveries slower by up to a second, not impossible."""
        return self.database == "ok"

    @property
    def status(self) -> str:
        """All of it in a word."""
        if not self.is_ready:
            return "unavailable"
        return "ok" if self.broker == "ok" else "degraded"

    def plain(self) -> dict[str, str]:
        """Write it as JSON's words."""
        return {"status": self.status, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Bind:
    """One connection of a link."""

    number: int
    state: str
    detail: str
    host: str
    since: str


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """One link."""

    name: str
    enabled: bool
    up: bool
    binds: list[Bind]

    @property
    def is_well(self) -> bool:
        """A link that nobody wants up is well."""
        return self.up or not self.enabled

    @property
    def status(self) -> str:
        """All of it in a word."""
        return "up" if self.up else "down" if self.enabled else "disabled"

    def plain(self) -> dict[str, Any]:
        """Write it as JSON's words."""
        binds = [asdict(bind) for bind in self.binds]
        return {"name": self.name, "status": self.status, "binds": binds}


def readiness() -> Readiness:
    """Ask database and broker; a database that came back since the last request is there."""
    database = _database()
    return Readiness(database=database if database != _AWAY else _database(), broker=_broker.word())


def links(name: str | None = None) -> list[LinkHealth]:
    """Say where the links stand, or the one with this name."""
    rows = Link.objects.order_by("name").prefetch_related("slots")
    up = slots.links_up()
    return [
        LinkHealth(
            name=link.name,
            enabled=link.enabled,
            up=link.id in up,
            binds=[_bind(slot) for slot in link.slots.all()],
        )
        for link in (rows.filter(name=name) if name is not None else rows)
    ]


def _bind(slot: Slot) -> Bind:
    since = slot.changed_at.isoformat(timespec="seconds")
    return Bind(slot.number, slot.state, slot.detail, slot.host, since)


_AWAY = "away"
_migrated = False


def _database() -> str:
    """Ask whether the database answers, and has the tables that this code is written for."""
    global _migrated
    try:
        if not _migrated:  # once yes, always yes: nobody takes a migration back under us
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
            return "ok" if _migrated else "not migrated"
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()  # the next look finds a fresh one
        return _AWAY
    return "ok"


class _Broker:
    """Remembers what the broker answered last; of several threads, one asks."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._word = "ok"
        self._asked = float("-inf")

    def word(self) -> str:
        if time.monotonic() >= self._asked + ASK_THE_BROKER_S and self._lock.acquire(False):
            try:
                self._word = "ok" if wake.broker_answers() else "away"
                self._asked = time.monotonic()
            finally:
                self._lock.release()
        return self._word

    def forget(self) -> None:
        """Ask anew the next time."""
        self._asked = float("-inf")


_broker = _Broker()
forget_broker = _broker.forget
