"""A whole instance in processes of its own: free ports, a fresh DATA_DIR, its own database."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings

from tests.fakes.ports import free_port

ROOT = Path(__file__).parents[2]
MANAGE = (sys.executable, str(ROOT / "manage.py"))


class Instance:
    """One DATA_DIR and its environment."""

    def __init__(self, data_dir: Path, environment: dict[str, str]) -> None:
        self.data_dir = data_dir
        self.environment = environment

    def manage(self, *words: str, timeout_s: float = 100) -> subprocess.CompletedProcess[str]:
        """Run a command with this instance's whole environment."""
        return _run(words, self.environment, timeout_s)

    def from_another_shell(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command that knows nothing but DATA_DIR."""
        return _run(words, _environment(DATA_DIR=str(self.data_dir)), 60)

    def start(self, *words: str) -> "Served":
        """Start `manage.py serve`."""
        return Served(self.environment, words)

    def pids(self) -> dict[str, int]:
        """Read the pid files."""
        files = (self.data_dir / "run").glob("*.pid")
        return {file.stem: int(file.read_text()) for file in files}


class Served:
    """A supervisor in the foreground of nobody's terminal, and what it writes."""

    def __init__(self, environment: dict[str, str], words: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            (*MANAGE, "serve", *words),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.output += line

    def wait_for(self, pattern: str, timeout_s: float = 60) -> re.Match[str]:
        """Wait until it has written something."""
        deadline = time.monotonic() + timeout_s
        while not (match := re.search(pattern, self.output)):
            assert self._process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)
        return match

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def ended(self, timeout_s: float = 40) -> int:
        """Wait for its end and return its exit code."""
        code = self._process.wait(timeout_s)
        self._reader.join(5)
        return code

    def close(self) -> None:
        """End it, whatever the test has come to."""
        if self._process.poll() is None:
            self._process.terminate()
            self.ended()


@contextmanager
def new_instance(data_dir: Path, *, is_migrated: bool = True) -> Iterator[Instance]:
    """Prepare an instance on the engines that this test run is for.

    Migrating takes longer than all else of a start, so it is done once for those that begin
    where an earlier start has left off.
    """
    with ExitStack() as stack:
        http_port, smpp_port = free_port(), free_port()
        engines, model = {}, "template1"
        if is_migrated:
            folder, model = _model()
            shutil.copytree(folder, data_dir)
        if not settings.EMBEDDED_DATABASE:
            database = _Database(settings.DATABASE_URL, model=model)
            engines["DATABASE_URL"] = stack.enter_context(database)
        if not settings.EMBEDDED_BROKER:
            engines["CELERY_BROKER_URL"] = settings.CELERY_BROKER_URL
        environment = _environment(
            DATA_DIR=str(data_dir),
            HTTP_PORT=str(http_port),
            SMPP_PORT=str(smpp_port),
            SIP_PORT=str(free_port()),
            SIP_WS_PORT=str(free_port()),
            **engines,
        )
        yield Instance(data_dir, environment)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    with new_instance(tmp_path / "data") as instance:
        yield instance


@pytest.fixture
def untouched_instance(tmp_path: Path) -> Iterator[Instance]:
    """An instance with nothing at all in its database."""
    with new_instance(tmp_path / "data", is_migrated=False) as instance:
        yield instance


@pytest.fixture
def served(instance: Instance) -> Iterator[Served]:
    """The instance, serving, its first message on the way."""
    served = instance.start("--first-message")
    yield served
    served.close()


_models = ExitStack()


@pytest.fixture(scope="session", autouse=True)
def no_model_stays() -> Iterator[None]:
    with _models:
        yield


@cache
def _model() -> tuple[Path, str]:
    """Make what every migration makes, once: a DATA_DIR, and a database's name on PostgreSQL."""
    folder = Path(_models.enter_context(tempfile.TemporaryDirectory(prefix="cpaas-e2e-")))
    engines = {}
    database = _Database(settings.DATABASE_URL)
    if not settings.EMBEDDED_DATABASE:
        engines["DATABASE_URL"] = _models.enter_context(database)
    done = _run(("migrate", "-v", "0"), _environment(DATA_DIR=str(folder), **engines), 100)
    assert done.returncode == 0, done.stderr
    return folder, database.name


class _Database:
    """A PostgreSQL database for one test, as its model is."""

    def __init__(self, url: str, *, model: str = "template1") -> None:
        self._url = url
        self._model = model
        self.name = f"cpaas_e2e_{secrets.token_hex(4)}"

    def __enter__(self) -> str:
        self._execute(f"CREATE DATABASE {self.name} TEMPLATE {self._model}")
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{self.name}"))

    def __exit__(self, *_: object) -> None:
        self._execute(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        url = urlunsplit(urlsplit(self._url)._replace(scheme="postgresql"))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)


def _environment(**values: str) -> dict[str, str]:
    """Return the environment without what belongs to the test run itself."""
    ours = {
        "DATA_DIR",
        "DATABASE_URL",
        "CELERY_BROKER_URL",
        "HTTP_PORT",
        "SMPP_PORT",
        "SIP_PORT",
        "SIP_WS_PORT",
    }
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return {**inherited, **values}


def _run(
    words: tuple[str, ...], environment: dict[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*MANAGE, *words),
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share a platform in their order: each works while another waits."""
    places = [n for n, item in enumerate(items) if item.path.name == "test_platform.py"]
    in_order = sorted((items[n] for n in places), key=lambda item: item.reportinfo()[1] or 0)
    for place, item in zip(places, in_order, strict=True):
        items[place] = item
