"""Nodes of Kamailio, as deploy/kamailio sets them up, beside the platform's own database."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection

from tests.fakes.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy" / "kamailio"
PROGRAM = shutil.which("kamailio") or shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin")
TABLES = Path("/usr/share/kamailio/postgres")
MODULES = ("db_postgres.so", "websocket.so")
ROLE = "kamailio"
PATIENCE_S = 20.0

_OPTIONS = (
    "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK1;rport\r\n"
    "From: <sip:test@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: 1\r\n"
    "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def missing() -> str:
    """Say why Kamailio cannot be run; empty when it can."""
    if not PROGRAM:
        return "there is no kamailio on this machine; .ci/peers installs it"
    folders = Path("/usr/lib").glob("*/kamailio/modules")
    if not any(all((folder / name).exists() for name in MODULES) for folder in folders):
        return "kamailio lacks its modules for PostgreSQL or WebSocket; .ci/peers installs them"
    if settings.EMBEDDED_DATABASE:
        return "Kamailio reads PostgreSQL, and this run is on SQLite"
    return ""


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """Have Kamailio read a configuration."""
    assert PROGRAM
    words = (PROGRAM, "-c", "-f", str(folder / "kamailio.cfg"))
    return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)


class Tables:
    """What a node needs in the database, made as the README says, and taken away again."""

    def __enter__(self) -> "Tables":
        with self._connect() as own:
            self._has_role = bool(own.execute(_FIND_ROLE, (ROLE,)).fetchone())
            if not self._has_role:
                own.execute(f"CREATE ROLE {ROLE} LOGIN")
            own.execute((DEPLOY / "database.sql").read_bytes())
            own.execute((DEPLOY / "database.sql").read_bytes())  # as after an upgrade
        with self._connect(ROLE) as theirs:
            for name in ("standard", "usrloc"):
                theirs.execute((TABLES / f"{name}-create.sql").read_bytes())
        return self

    def __exit__(self, *_: object) -> None:
        with self._connect() as own:
            own.execute("DROP SCHEMA kamailio CASCADE")
            own.execute(f"DROP OWNED BY {ROLE}")
            if not self._has_role:
                own.execute(f"DROP ROLE {ROLE}")

    def read(self, statement: str, role: str = "") -> list[tuple[object, ...]]:
        """Ask the database, as Kamailio's role where one is named."""
        with self._connect(role) as asking:
            return asking.execute(statement.encode()).fetchall()

    @staticmethod
    def _connect(role: str = "") -> psycopg.Connection[tuple[object, ...]]:
        known = connection.get_connection_params()
        names = {name: known[name] for name in ("dbname", "host", "port") if known.get(name)}
        user, password = known.get("user"), known.get("password")
        return psycopg.connect(
            **names,
            user=role or user,
            password=None if role else password,
            autocommit=True,
        )


_FIND_ROLE = "SELECT 1 FROM pg_roles WHERE rolname = %s"


class Node:
    """One Kamailio on ports of its own."""

    def __init__(self, folder: Path, number: int, edge_port: int, digest: str) -> None:
        """Start it, and wait until it answers."""
        self.port, self.ws_port, self.inner_port = free_port(), free_port(), free_port()
        folder.mkdir()
        self.folder = folder
        self._write(number, edge_port, digest)
        self.start()

    def start(self) -> None:
        """Start it, perhaps once more."""
        assert PROGRAM
        own = str(self.folder)
        files = ("-f", f"{own}/kamailio.cfg", "-Y", own, "-P", f"{own}/pid")
        words = (*files, "-DD", "-E", "-m", "64", "-M", "8")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                (PROGRAM, *words),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _write(self, number: int, edge_port: int, digest: str) -> None:
        """Fill in settings.cfg, every line of it."""
        known = connection.get_connection_params()
        host = f"{known.get('host') or '127.0.0.1'}:{known.get('port') or 5432}"
        values: Mapping[str, object] = {
            "SERVER_ID": number,
            "DOMAIN": '"127.0.0.1"',
            "CLIENTS_UDP": f"udp:127.0.0.1:{self.port}",
            "CLIENTS_TCP": f"tcp:127.0.0.1:{self.port}",
            "CLIENTS_WS": f"tcp:127.0.0.1:{self.ws_port}",
            "NODE_SOCKET": f'"udp:127.0.0.1:{self.inner_port}"',
            "NODE_LISTEN": f"udp:127.0.0.1:{self.inner_port}",
            "NODE_ADDRESS": f'"127.0.0.1:{self.inner_port}"',
            "NODE_PORT": self.inner_port,
            "EDGE_HOST": '"127.0.0.1"',
            "EDGE_ADDRESS": f'"127.0.0.1:{edge_port}"',
            "DATABASE": f'"postgres://{ROLE}@{host}/{known["dbname"]}"',
            "DIGEST": f'"{digest}"',
            "HASHES": {"MD5": '"ha1"', "SHA-256": '"ha1_sha256"'}[digest],
        }
        shutil.copy(DEPLOY / "kamailio.cfg", self.folder)
        shipped = (DEPLOY / "settings.cfg").read_text().splitlines()
        names = [line.split()[1] for line in shipped if line.startswith("#!define")]
        assert sorted(names) == sorted(values)
        text = "".join(f"#!define {name} {values[name]}\n" for name in names)
        (self.folder / "settings.cfg").write_text(text)

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE_S
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            probe.settimeout(0.1)
            asked = _OPTIONS.format(port=probe.getsockname()[1]).encode()
            while True:
                assert self._process.poll() is None, self.log()
                assert time.monotonic() < until, self.log()
                try:
                    probe.sendto(asked, ("127.0.0.1", self.port))
                    assert probe.recv(4096).startswith(b"SIP/2.0 200"), self.log()
                    return
                except (TimeoutError, ConnectionRefusedError):
                    time.sleep(0.05)

    def log(self) -> str:
        """Read what it has written."""
        return (self.folder / "log").read_text(errors="replace")

    def kill(self) -> None:
        """End it and its children at once, as a power cut does."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
