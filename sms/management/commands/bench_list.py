"""Time the list at scale: `manage.py bench_list --rows 10000000`, then `--drop`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sms.bench.lists import cases, fill, measure

HEAD = f"{'milliseconds':<40} {'p50':>8} {'p95':>7} {'max':>7}  "


class Command(BaseCommand):
    """Fill a database with messages and print what pages of the list take in the server."""

    help = "Fill PostgreSQL with messages and time pages of the list in the server."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what to fill, what to time, and what to remove."""
        parser.add_argument("--rows", type=int, default=1_000_000, help="how many messages to fill")
        parser.add_argument("--runs", type=int, default=45, help="pages a kind and account")
        parser.add_argument("--only", default="", help="time only kinds with this in their name")
        parser.add_argument("--drop", action="store_true", help="remove the bench's messages")
        parser.add_argument(
            "--beside-others",
            action="store_true",
            help="fill a database although it holds messages of others",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill where that is still to do, then time. Raises CommandError."""
        if options["drop"]:
            self.stdout.write(f"{fill.drop():,} messages removed.")
            return
        if not fill.accounts():
            self._fill(options["rows"], beside_others=options["beside_others"])
        self._time(options["runs"], options["only"])

    def _fill(self, rows: int, *, beside_others: bool) -> None:
        try:
            fill.check_fillable(beside_others=beside_others)
        except fill.NotFillable as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Filling {rows:,} messages ...")
        fill.fill(rows)

    def _time(self, runs: int, only: str) -> None:
        big, *_, small = fill.accounts()
        server = measure.Server()
        for account, owns in ((big, "half of all messages"), (small, "a 400th of all messages")):
            self.stdout.write(f"\nAn account with {owns}\n{HEAD}")
            for case in cases.CASES:
                if only in case.name:
                    self._time_case(case, account, server, runs)

    def _time_case(self, case: cases.Case, account: Any, server: measure.Server, runs: int) -> None:
        # Those that only a time-out bounds take seconds each.
        runs = runs if case.goal_ms else min(runs, 5)
        queries = cases.pages(case, cases.Sampler(account), runs)
        took = measure.timing(server, ((account, query) for query in queries))
        missed = case.goal_ms is not None and (took.p95 > case.goal_ms or took.failed)
        self.stdout.write(
            f"{case.name:<40} {took.p50:8.1f} {took.p95:7.1f} {took.worst:7.1f}"
            f"{f'  {took.failed} failed' if took.failed else ''}"
            f"{f'  over {case.goal_ms}' if missed else ''}"
        )
