"""A platform under a steady load, with everything that can be hurt around it."""

import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sms.bench.traffic.engines import Engine
from sms.bench.traffic.platform import NUMBER, Platform
from sms.bench.traffic.program import Program
from tests.faults import tally
from tests.faults.clocks import Clocks
from tests.faults.customer import Customer, Posted
from tests.faults.servers import PostgreSQL, RabbitMQ, until

SETTLE_S = 120.0
"""How long everything may take to come to its end once the load has stopped."""
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong: `do` returns once it is over."""

    name: str
    do: Callable[["Scene"], None]
    is_short: bool = False
    """Also among the few of `--short`."""
    needs: str = ""
    """What the scene must be made with: `disks` or `clocks`."""


@dataclass
class Scene:
    """What a fault may lay hands on."""

    platform: Platform
    postgresql: PostgreSQL
    rabbitmq: RabbitMQ
    carrier: Program
    receiver: Program
    disk: Path
    """What the platform writes its logs to."""
    clocks: Clocks | None = None
    runs: int = field(default=0)

    def replace(self, process: str, how: signal.Signals) -> None:
        """Send a signal to a process of the platform, and wait until another has its name."""
        pid = self.platform.pids()[process]
        os.kill(pid, how)
        self.wait_for_another(process, pid)

    def wait_for_another(self, process: str, pid: int) -> None:
        """Wait until a name is another process's. Raises TimeoutError."""
        until(f"another {process}", lambda: self.platform.pids().get(process, pid) != pid)

    def measure(self, fault: Fault, *, rate: float, before_s: float, after_s: float) -> tally.Tally:
        """Do a fault under load, and count when everything has come to its end."""
        self.carrier.ask("reset", receipts=True)
        self.receiver.ask("reset")
        customer = Customer(
            port=self.platform.http_port,
            path=self.platform.path,
            authorization=self.platform.authorization,
            form={
                "From": NUMBER,
                "StatusCallback": f"http://127.0.0.1:{self.receiver.ask('port')}/",
            },
            first_recipient=15_550_000_000 + self.runs * 1_000_000,
            rate=rate,
        )
        self.runs += 1
        customer.start()
        try:
            time.sleep(before_s)
            fault.do(self)
            healed_at = time.monotonic()
            time.sleep(after_s)
        finally:
            customer.stop()
        if customer.refused:
            raise AssertionError(f"{len(customer.refused)} refused: {customer.refused[0]}")
        ends = self._settle(customer.accepted)
        return tally.count(
            customer.accepted,
            ends=ends,
            submitted=self.carrier.ask("told"),
            told=self.receiver.ask("told"),
            healed_at=healed_at,
            repeats=customer.repeats,
        )

    def _settle(self, accepted: list[Posted]) -> dict[str, tuple[str, int | None]]:
        """Wait until all is final and told of, or time is up; return how each message stands."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            ends = self._ends({posted.sid for posted in accepted})
            told = self.receiver.ask("told")
            left = sum(
                not (tally.FINAL & {status for status, _ in told.get(posted.sid, [])})
                or ends.get(posted.sid, ("",))[0] not in tally.FINAL
                for posted in accepted
            )
            if not left or time.monotonic() > deadline:
                return ends
            time.sleep(1)

    def _ends(self, sids: set[str]) -> dict[str, tuple[str, int | None]]:
        """Read messages through the API, from the newest on until these are among them."""
        ends: dict[str, tuple[str, int | None]] = {}
        path: str | None = f"{self.platform.path}?PageSize={PAGE}"
        headers = {"Authorization": self.platform.authorization}
        with closing(http.client.HTTPConnection("127.0.0.1", self.platform.http_port)) as api:
            while path and not sids <= ends.keys():
                api.request("GET", path, headers=headers)
                page = json.loads(api.getresponse().read())
                for message in page["messages"]:
                    ends[message["sid"]] = (message["status"], message["error_code"])
                path = page["next_page_uri"]
        return ends


@contextmanager
def scene(
    postgresql: PostgreSQL, rabbitmq: RabbitMQ, folder: Path, clocks: Clocks | None
) -> Iterator[Scene]:
    """Run a platform on servers, its processes by clocks that can be stepped if there are such."""
    environment = {"DATABASE_URL": postgresql.url, "CELERY_BROKER_URL": rabbitmq.url}
    if clocks:
        environment |= clocks.environment
    engine = Engine("PostgreSQL + RabbitMQ", "on disk", environment, (postgresql.pid,))
    with ExitStack() as stack:
        carrier, receiver = (
            stack.enter_context(Program(f"tests.faults.{name}")) for name in ("carrier", "receiver")
        )
        data = folder / "data"
        data.mkdir()
        platform = stack.enter_context(closing(Platform(engine, data, carrier.ask("port"))))
        yield Scene(platform, postgresql, rabbitmq, carrier, receiver, folder, clocks)
