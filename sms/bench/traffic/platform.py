"""The platform under test: `manage.py serve` with a customer's account and a carrier's link."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from cpaas.env import BASE_DIR
from sms.bench.traffic.engines import Engine
from sms.bench.traffic.weight import Weight, weigh

NUMBER = "15005550006"
LINK = "bench"
START_S = 120.0
STOP_S = 60.0
MANAGE = (sys.executable, str(BASE_DIR / "manage.py"))


class CannotMeasure(Exception):
    """The bench cannot go on; the text is one sentence for a person."""


class Platform:
    """A running platform in a folder of its own, on ports that were free."""

    def __init__(self, engine: Engine, folder: Path, carrier_port: int) -> None:
        self._engine = engine
        self._folder = folder
        self._log = folder / "serve.log"
        self.http_port, smpp_port, sip_port = _free_ports(3)
        # Nothing of the caller's own instance may leak into this one.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._environment = {
            **kept,
            "DATA_DIR": str(folder),
            "HTTP_PORT": str(self.http_port),
            "SMPP_PORT": str(smpp_port),
            "SIP_PORT": str(sip_port),
            "CALLBACK_ALLOWED_NETWORKS": "127.0.0.0/8",
            **engine.environment,
        }
        self.serve()
        try:
            self._set_up(carrier_port)
        except BaseException:
            self.close()
            raise

    def serve(self) -> None:
        """Start it; after a fault that ended it, once more."""
        with self._log.open("w") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own command
                (*MANAGE, "serve"), env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def start(self, process: str) -> subprocess.Popen[bytes]:
        """Start one more process of it, beside those it runs by itself."""
        return subprocess.Popen(  # noqa: S603  # our own command
            (*MANAGE, "run", process),
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def hang_up(self, process: str) -> None:
        """Have a process replace its own workers, one by one."""
        os.kill(self.pids()[process], signal.SIGHUP)

    def pids(self) -> dict[str, int]:
        """Read which processes it runs, by name."""
        files = (self._folder / "run").glob("*.pid")
        return {file.stem: int(file.read_text()) for file in files}

    def _set_up(self, carrier_port: int) -> None:
        self.wait_until_it_serves()
        with ThreadPoolExecutor() as pool:  # a command takes longer to start than to run
            customer = pool.submit(self._add_customer)
            self._add_link(carrier_port)
            customer.result()

    def _add_customer(self) -> None:
        account = self.manage("createaccount", "Bench")
        self.path = f"/2012-04-24/Accounts/{account['sid']}/SMS/Messages.json"
        credentials = f"{account['sid']}:{account['auth_token']}".encode()
        self.authorization = "Basic " + base64.b64encode(credentials).decode()
        self.manage("addnumber", account["sid"], NUMBER)

    def _add_link(self, carrier_port: int) -> None:
        where = ("--host", "127.0.0.1", "--port", str(carrier_port), "--system-id", LINK)
        self.manage("addlink", LINK, *where, "--window", "100")
        self.manage("addroute", "", LINK)
        self.order("resume")

    def order(self, order: str) -> None:
        """Give the link an order and wait until it is followed; `resume`, until it is bound.

        Raises CannotMeasure when it does not come up.
        """
        told = self.manage("link", LINK, order, "--wait", "30")
        deadline = time.monotonic() + START_S
        while order == "resume" and not any(slot["state"] == "up" for slot in told["slots"]):
            if time.monotonic() > deadline:
                raise CannotMeasure(f"The link to the carrier does not come up: {told}")
            time.sleep(0.2)
            told = self.manage("link", LINK)

    def manage(self, *words: str) -> dict[str, Any]:
        """Run a command of the platform and return what it says."""
        run = subprocess.run(  # noqa: S603  # our own command
            (*MANAGE, *words, "--json"), env=self._environment, capture_output=True, text=True
        )
        if run.returncode:
            raise CannotMeasure(f"{words[0]} failed: {run.stderr.strip()}")
        told: dict[str, Any] = json.loads(run.stdout)
        return told

    def weigh(self) -> Weight:
        """Weigh its processes, and the CPU of what the database's server runs for it.

        Without that server's memory: it takes what its settings let it take.
        """
        own = weigh((self._process.pid,))
        return Weight(own.cpu_s + weigh(self._engine.pids).cpu_s, own.memory_mb)

    def close(self) -> None:
        """Stop it."""
        self._process.send_signal(signal.SIGINT)
        self.end()

    def end(self) -> None:
        """Wait for its end, and bring it about where it does not come."""
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_until_it_serves(self) -> None:
        """Wait until it takes messages. Raises CannotMeasure when it does not."""
        deadline = time.monotonic() + START_S
        while "serving; Ctrl-C stops it" not in self._log.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CannotMeasure(f"The platform does not start: {self._log.read_text()}")
            time.sleep(0.1)


@contextmanager
def started(engine: Engine, folder: Path, carrier_port: int) -> Iterator[Platform]:
    """Run a platform while it is measured."""
    with closing(Platform(engine, folder, carrier_port)) as platform:
        yield platform


def _free_ports(count: int) -> list[int]:
    """Find ports that are free now, all of them different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
