"""Do the faults and print what became of the messages: `python -m tests.faults`."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests.faults.faults import FAULTS
from tests.faults.scene import Fault, scene
from tests.faults.servers import NotHere, PostgreSQL, RabbitMQ, program
from tests.faults.tally import Tally

DISK = "size=400m"
HEADS = ("messages", "posted again", "lost", "doubled", "30090", "cb amiss", "recovered s")
NAME_WIDTH = 28


def main() -> None:
    """Do them; exit with 1 where a promise was not kept."""
    arguments = _arguments()
    faults = [
        fault
        for fault in FAULTS
        if arguments.only in fault.name and (fault.is_short or not arguments.short)
    ]
    before_s, after_s = (2, 5) if arguments.short else (5, 10)
    print(" " * NAME_WIDTH + "".join(f"{head:>13}" for head in HEADS), flush=True)  # noqa: T201
    is_good = True
    for needs in ("", "disk", "clock"):
        if group := [fault for fault in faults if fault.needs == needs]:
            is_good &= _do(group, needs, arguments.rate, before_s, after_s)
    sys.exit(0 if is_good else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="only a few, and quickly")
    parser.add_argument("--only", default="", help="only those with this in their name")
    parser.add_argument("--rate", type=float, default=50, help="messages a second (%(default)s)")
    return parser.parse_args()


def _do(faults: list[Fault], needs: str, rate: float, before_s: float, after_s: float) -> bool:
    """Do faults that need the same scene; say whether every promise was kept."""
    is_good = True
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cpaas-faults-")))
            for name in ("database", "broker", "platform"):
                (folder / name).mkdir()
            if needs == "disk":
                stack.enter_context(_volume(folder / "database"))
            faketime = _faketime() if needs == "clock" else ""
            postgresql = stack.enter_context(closing(PostgreSQL(folder / "database")))
            rabbitmq = stack.enter_context(closing(RabbitMQ(folder / "broker")))
            stage = stack.enter_context(scene(postgresql, rabbitmq, folder / "platform", faketime))
            for fault in faults:
                tally = stage.measure(fault, rate=rate, before_s=before_s, after_s=after_s)
                print(_row(fault.name, tally), flush=True)  # noqa: T201
                is_good &= tally.is_good
    except NotHere as error:
        for fault in faults:
            print(f"{fault.name:<{NAME_WIDTH}}  not done: {error}", flush=True)  # noqa: T201
    return is_good


def _row(name: str, tally: Tally) -> str:
    cells = (
        *(tally.messages, tally.repeats, tally.lost, tally.doubled),
        *(tally.unanswered, tally.amiss),
    )
    numbers = "".join(f"{cell:>13,}" for cell in cells)
    return f"{name:<{NAME_WIDTH}}{numbers}{tally.recovered_s:>13.1f}"


@contextmanager
def _volume(folder: Path) -> Iterator[None]:
    """Make a folder a small volume. Raises NotHere where we may not."""
    mount = ("mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(folder))
    if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
        raise NotHere("only root may mount a small volume")
    try:
        yield
    finally:
        subprocess.run(("umount", "--lazy", str(folder)), check=False)


def _faketime() -> str:
    """Find libfaketime. Raises NotHere where it breaks what our processes do all the time."""
    library = program("/usr/lib/*/faketime/libfaketime.so.1")
    # 0.9.10 refuses clock_nanosleep with an absolute time unless it may move that clock, too.
    environment = {"LD_PRELOAD": library, "FAKETIME": "+0s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    sleep = (sys.executable, "-c", "import time; time.sleep(0.01)")
    if subprocess.run(sleep, env=environment, capture_output=True).returncode:
        raise NotHere("this libfaketime makes time.sleep() fail")
    return library


if __name__ == "__main__":
    main()
