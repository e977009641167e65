"""Measure how fast messages go through: `manage.py bench`."""

import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from cpaas.env import envsecret
from sms.bench.traffic import engines, table
from sms.bench.traffic.platform import CannotMeasure, started
from sms.bench.traffic.program import Program
from sms.bench.traffic.runs import RUNS, Bench, Result, Run

PROGRAMS = ("customer", "carrier", "receiver")


class Command(BaseCommand):
    """Run loads against platforms that are started for it, and print one table an engine."""

    help = (
        "Measure how fast messages go through, on the embedded engines and, where DATABASE_URL"
        " names PostgreSQL, on that server and the broker of CELERY_BROKER_URL: in a database and"
        " a DATA_DIR of its own, with a carrier and a receiver of its own."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add how much to measure."""
        parser.add_argument("--messages", type=int, default=10_000, help="messages a run")
        parser.add_argument("--repeats", type=int, default=1, help="runs a load; the median counts")
        parser.add_argument(
            "--minutes", type=float, default=0, help="go on with each load for so long, a row a run"
        )
        parser.add_argument("--only", default="", help="only loads with this in their name")
        parser.add_argument("--engine", default="", help="only engines with this in their name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure."""
        _check(options)
        try:
            for made in engines.available(
                envsecret("DATABASE_URL"), envsecret("CELERY_BROKER_URL")
            ):
                with made as engine:
                    if options["engine"].lower() in engine.name.lower():
                        self._measure(engine, options)
        except (CannotMeasure, psycopg.Error) as error:
            raise CommandError(str(error)) from None

    def _measure(self, engine: engines.Engine, options: dict[str, Any]) -> None:
        self.stdout.write(f"\n{engine.name}: an accepted message is {engine.guarantee}")
        self.stdout.write(table.head())
        with _bench(engine) as bench:
            for run in RUNS:
                if options["only"] in run.name:
                    self._repeat(bench, run, options)

    def _repeat(self, bench: Bench, run: Run, options: dict[str, Any]) -> None:
        count, until = options["messages"], time.monotonic() + 60 * options["minutes"]
        while time.monotonic() < until:
            self.stdout.write(table.row(run.name, bench.measure(run, count)))
        if not options["minutes"]:
            results = [bench.measure(run, count) for _ in range(options["repeats"])]
            self.stdout.write(table.row(run.name, _middle(results)))


def _check(options: dict[str, Any]) -> None:
    """Raises CommandError for what would measure nothing."""
    if options["messages"] < 1 or options["repeats"] < 1 or options["minutes"] < 0:
        raise CommandError("--messages and --repeats are at least 1, --minutes at least 0.")
    if not any(options["only"] in run.name for run in RUNS):
        names = ", ".join(run.name for run in RUNS)
        raise CommandError(f"No load has {options['only']!r} in its name: {names}.")


@contextmanager
def _bench(engine: engines.Engine) -> Iterator[Bench]:
    with ExitStack() as stack:
        customer, carrier, receiver = (
            stack.enter_context(Program(f"sms.bench.traffic.{name}")) for name in PROGRAMS
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cpaas-bench-")))
        platform = stack.enter_context(started(engine, folder, carrier.ask("port")))
        yield Bench(platform, customer, carrier, receiver)


def _middle(results: list[Result]) -> Result:
    """Return the run whose end-to-end rate is the median of its like."""
    return sorted(results, key=lambda result: result.submits)[len(results) // 2]
