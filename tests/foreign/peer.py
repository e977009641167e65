"""Peers we did not write, as processes of their own. `.ci/peers` installs them."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PATIENCE_S = 20.0

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
PEERS = Path(os.environ.get("CPAAS_PEERS") or _CACHE / "cpaas-peers")


def missing_node() -> str:
    """Say why npm's smpp cannot be run; empty when it can."""
    if not shutil.which("node"):
        return "there is no node on this machine"
    if not (PEERS / "node_modules/smpp").is_dir():
        return f"npm smpp is not in {PEERS}; .ci/peers installs it"
    return ""


def missing_rust() -> str:
    """Say why PyPI's smpp34 cannot be run; empty when it can."""
    if not (PEERS / "python/smpp34").is_dir():
        return f"PyPI smpp34 is not in {PEERS}; .ci/peers installs it"
    return ""


class ForeignPeer:
    """A process whose first line is its port, and whose later ones are JSON."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        first = self._process.stdout.readline()
        assert first.strip().isdigit(), f"{command[-1]}: {self._process.communicate()[1]}"
        self.port = int(first)
        self.told: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.told.append(json.loads(line))

    def submits(self) -> list[dict[str, Any]]:
        """List what it says of the submit_sm that came."""
        return [told for told in self.told if "to" in told]

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait until what it told makes `condition` hold."""
        until = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < until, f"waited in vain; it told {self.told}"
            time.sleep(0.01)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def node(**environment: str) -> ForeignPeer:
    """Start npm's smpp."""
    return ForeignPeer(
        ["node", str(HERE / "smsc.js")],
        {"NODE_PATH": str(PEERS / "node_modules"), **environment},
    )


def rust() -> ForeignPeer:
    """Start PyPI's smpp34, on a port that was free a moment ago: it cannot tell its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return ForeignPeer(
        [sys.executable, str(HERE / "smsc_rust.py"), str(port)],
        {"PYTHONPATH": str(PEERS / "python")},
    )
