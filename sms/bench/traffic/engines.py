"""The databases and brokers that the bench runs on, and what an accepted message is worth there."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from sms.bench.traffic import weight


@dataclass(frozen=True, slots=True)
class Engine:
    """A database and a broker, ready for one platform."""

    name: str
    guarantee: str
    """What is certain of a message once its POST was answered."""
    environment: dict[str, str] = field(default_factory=dict)
    pids: tuple[int, ...] = ()
    """Processes that work for the platform without being its own."""


EMBEDDED = Engine(
    "SQLite + Valkey",
    "in the WAL, not synced (synchronous=NORMAL): outlives any process,"
    " not a power cut of the last moments",
)


def available(database_url: str, broker_url: str) -> list[AbstractContextManager[Engine]]:
    """List what can be measured: the embedded engines, and PostgreSQL where it is named."""
    is_named = database_url.startswith(("postgres://", "postgresql://"))
    return [nullcontext(EMBEDDED), *([_postgresql(database_url, broker_url)] if is_named else [])]


@contextmanager
def _postgresql(url: str, broker_url: str) -> Iterator[Engine]:
    """Make a database of its own on a server, and remove it at the end.

    Raises psycopg.Error where the server does not answer or does not let us.
    """
    name = f"cpaas_bench_{secrets.token_hex(4)}"
    server = url.replace("postgres://", "postgresql://", 1)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            own_url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
            environment = {"DATABASE_URL": own_url, "CELERY_BROKER_URL": broker_url}
            broker = urlsplit(broker_url).scheme if broker_url else "Valkey"
            yield Engine(
                f"PostgreSQL + {'RabbitMQ' if broker.startswith('amqp') else broker}",
                _guarantee(connection),
                environment,
                _postmaster(connection),
            )
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def _guarantee(connection: psycopg.Connection) -> str:
    fsync, commit = (
        str((connection.execute(f"SHOW {setting}").fetchone() or ("?",))[0])
        for setting in ("fsync", "synchronous_commit")
    )
    worth = "on disk before the answer" if (fsync, commit) == ("on", "on") else "NOT on disk"
    return f"{worth} (fsync={fsync}, synchronous_commit={commit})"


def _postmaster(connection: psycopg.Connection) -> tuple[int, ...]:
    """Find the server's first process, if the server is on this machine."""
    pid = connection.info.backend_pid
    is_here = _command(pid).startswith("postgres")
    return (weight.parent(pid),) if is_here else ()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""
