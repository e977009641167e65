"""What is measured: the table of runs, and how one goes."""

import time
from dataclasses import dataclass
from typing import Any

from sms.bench.traffic.platform import NUMBER, CannotMeasure, Platform
from sms.bench.traffic.program import Program

STILL_S = 8.0
"""A platform that gets nothing done for so long has stopped."""


@dataclass(frozen=True, slots=True)
class Run:
    """A load and how the carrier behaves under it."""

    name: str
    connections: int = 16
    share: float = 1.0
    """Of the number of messages asked for."""
    receipts: bool = False
    """Each message is delivered, with two callbacks: sent and delivered."""
    latency_s: float = 0.0
    backlog: bool = False
    """All messages are accepted before the first one leaves."""


RUNS = (
    Run("1 connection", connections=1, share=0.25),
    Run("16 connections"),
    Run("64 connections", connections=64),
    Run("receipt and two callbacks", receipts=True, share=0.75),
    Run("carrier answers in 50 ms", latency_s=0.05),
    Run("backlog, carrier in 50 ms", latency_s=0.05, backlog=True),
    Run("backlog, fast carrier", backlog=True),
)


@dataclass(frozen=True, slots=True)
class Result:
    """One run in numbers; rates are per second."""

    accepts: float | None
    """None where accepting was no part of it."""
    p99_ms: float | None
    submits: float
    callbacks: float | None
    cpu_s_per_1000: float
    memory_mb: float
    messages: int
    lost: int
    doubled: int
    callbacks_amiss: int
    """Messages whose callbacks did not all come, or not in order."""


class Bench:
    """A platform with its customer, carrier and receiver around it."""

    def __init__(
        self, platform: Platform, customer: Program, carrier: Program, receiver: Program
    ) -> None:
        self._platform = platform
        self._customer = customer
        self._carrier = carrier
        self._receiver = receiver
        self._receiver_url = f"http://127.0.0.1:{receiver.ask('port')}/"

    def measure(self, run: Run, messages: int) -> Result:
        """Put a load on the platform, wait for its end, and count."""
        count = max(int(messages * run.share), run.connections)
        self._carrier.ask("reset", receipts=run.receipts, latency_s=run.latency_s)
        self._receiver.ask("reset")
        before = self._platform.weigh()
        if run.backlog:
            self._platform.order("pause")
        posted = self._post(run, count)
        if run.backlog:
            before = self._platform.weigh()
            self._platform.order("resume")
        accepted = posted["answers"].get("200", 0)
        if accepted == 0:
            raise CannotMeasure(f"No message was accepted: {posted['answers']}")
        self._wait(accepted, callbacks=2 * accepted if run.receipts else 0)
        after = self._platform.weigh()
        carried, told = self._carrier.ask("stats"), self._receiver.ask("stats")
        began_at = carried["first_at"] if run.backlog else posted["started_at"]
        in_order = told["messages"] if told["orders"] in ([], [["sent", "delivered"]]) else 0
        return Result(
            accepts=accepted / (posted["ended_at"] - posted["started_at"])
            if not run.backlog
            else None,
            p99_ms=posted["p99_s"] * 1000 if not run.backlog else None,
            submits=carried["submits"] / (carried["last_at"] - began_at),
            callbacks=told["callbacks"] / (told["last_at"] - began_at) if run.receipts else None,
            cpu_s_per_1000=(after.cpu_s - before.cpu_s) / accepted * 1000,
            memory_mb=after.memory_mb,
            messages=accepted,
            lost=accepted - carried["messages"],
            doubled=carried["submits"] - carried["messages"],
            callbacks_amiss=accepted - in_order if run.receipts else 0,
        )

    def _post(self, run: Run, count: int) -> dict[str, Any]:
        form = {"From": NUMBER}
        if run.receipts:
            form["StatusCallback"] = self._receiver_url
        posted: dict[str, Any] = self._customer.ask(
            "post",
            port=self._platform.http_port,
            path=self._platform.path,
            authorization=self._platform.authorization,
            form=form,
            count=count,
            connections=run.connections,
        )
        return posted

    def _wait(self, messages: int, *, callbacks: int) -> None:
        """Wait until all has arrived, or nothing does any more."""
        seen, since = (-1, -1), time.monotonic()
        while True:
            now = (self._carrier.ask("stats")["messages"], self._receiver.ask("stats")["callbacks"])
            if now[0] >= messages and now[1] >= callbacks:
                return
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > STILL_S:
                return
            time.sleep(0.1)
