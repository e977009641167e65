"""A PostgreSQL and a RabbitMQ that belong to nobody else, so that they may be hurt."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path

import psycopg

from tests.fakes.ports import free_port

START_S = 90.0


class NotHere(Exception):
    """This machine cannot do that; the text says why."""


def until(what: str, condition: Callable[[], bool], timeout_s: float = START_S) -> None:
    """Look again and again until a condition holds. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.1)


def program(*candidates: str) -> str:
    """Find a program on the PATH or where Debian keeps it. Raises NotHere."""
    for candidate in candidates:
        if found := shutil.which(candidate):
            return found
        # The newest version last in the alphabet: good enough for one digit or two of the same.
        if files := sorted(Path("/").glob(candidate.lstrip("/"))):
            return str(files[-1])
    raise NotHere(f"{candidates[0]} is not installed")


def fill(folder: Path) -> Path:
    """Leave no room on the volume that a folder is; return the file that takes it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 65_536):
            pass
    return filler


class PostgreSQL:
    """A cluster in a folder of its own, with fsync on."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._port = free_port()
        self._data = folder / "data"
        self._disk = folder
        self._environment = {**os.environ, **environment, "PROCESS_NAME": "database"}
        # The server refuses to run as root; its own user may then own the folder.
        self._user = "postgres" if os.getuid() == 0 else None
        self._server = program("postgres", "/usr/lib/postgresql/*/bin/postgres")
        initdb = program("initdb", "/usr/lib/postgresql/*/bin/initdb")
        for path in (folder, *folder.parents[:1]):
            path.chmod(0o755)
        if self._user:
            shutil.chown(folder, self._user)
        self._run(initdb, "-D", str(self._data), "-U", "cpaas", "-A", "trust", "-E", "UTF8")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"postgresql://cpaas@127.0.0.1:{self._port}/postgres"

    @property
    def pid(self) -> int:
        """Its first process."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "max_wal_size": "96MB",
            "max_connections": "60",
            "log_min_messages": "panic",
        }
        self._process = subprocess.Popen(
            (
                *(self._server, "-D", str(self._data)),
                *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
            ),
            user=self._user,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until("PostgreSQL", self.answers)

    def answers(self) -> bool:
        """Say whether one can log in."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def crash(self) -> None:
        """End it as a power cut would, but for the disk's own memory."""
        self._stop(signal.SIGQUIT)

    def freeze(self) -> None:
        """Stop it in its tracks, with all its connections."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def _pids(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]

    def end_connections(self) -> None:
        """End every connection but the one that says so."""
        with psycopg.connect(self.url, connect_timeout=5) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def recover(self) -> None:
        """Start it again where it gave up by itself."""
        assert self._process
        if self._process.poll() is not None:
            self.start()
        until("PostgreSQL", self.answers)

    def fill_disk(self) -> Path:
        """Leave no room on its volume; return the file that takes it."""
        return fill(self._disk)

    def close(self) -> None:
        """End it for good."""
        self._stop(signal.SIGINT)

    def _stop(self, how: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(60)

    def _run(self, *argv: str) -> None:
        subprocess.run(argv, user=self._user, check=True, capture_output=True, cwd="/")


class RabbitMQ:
    """A node of its own."""

    def __init__(self, folder: Path) -> None:
        self._server = program("/usr/lib/rabbitmq/lib/*/sbin/rabbitmq-server", "rabbitmq-server")
        self._port = free_port()
        self._node = f"cpaas-{secrets.token_hex(3)}@localhost"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        }
        (folder / "plugins").write_text("[].")
        self.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            (self._server,),
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until("RabbitMQ", self._answers)

    def crash(self) -> None:
        """End it at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        """Stop it in its tracks, with all its connections."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.killpg(self._process.pid, signal.SIGCONT)

    def control(self, *words: str) -> None:
        """Give it an order. Raises NotHere, CalledProcessError."""
        subprocess.run(
            (
                program("/usr/lib/rabbitmq/lib/*/sbin/rabbitmqctl", "rabbitmqctl"),
                "--quiet",
                "--node",
                self._node,
                *words,
            ),
            env=self._environment,
            check=True,
            capture_output=True,
        )

    def close(self) -> None:
        """End it for good."""
        if self._process.poll() is None:
            self.crash()

    def _answers(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0
