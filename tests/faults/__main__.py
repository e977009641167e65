"""Do the faults and print what became of the messages: `python -m tests.faults`."""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.faults.clocks import Clocks
from tests.faults.faults import CLOCKS, FAULTS
from tests.faults.scene import Fault, scene
from tests.faults.servers import NotHere, PostgreSQL, RabbitMQ
from tests.faults.tally import Tally

SHORT_S = 1.5
HEADS = ("messages", "posted again", "lost", "doubled", "30090", "cb amiss", "recovered s")
NAME_WIDTH = 28


def main() -> None:
    """Do them; exit with 1 where a promise was not kept."""
    # As Ctrl-C does: what was started is ended, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    arguments = _arguments()
    faults = [
        fault
        for fault in FAULTS
        if arguments.only.search(fault.name) and (fault.is_short or not arguments.short)
    ]
    if not faults:
        names = "\n  ".join(fault.name for fault in FAULTS)
        sys.exit(f"No fault's name fits --only; there are:\n  {names}")
    before_s = SHORT_S if arguments.short else arguments.pause
    print(" " * NAME_WIDTH + "".join(f"{head:>13}" for head in HEADS), flush=True)  # noqa: T201
    is_good = True
    for needs in ("", "disks", "clocks"):
        if group := [fault for fault in faults if fault.needs == needs]:
            is_good &= _do(group, needs, arguments.rate, before_s, 2 * before_s)
    sys.exit(0 if is_good else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="only a few, and quickly")
    fitting = "only those whose name this pattern fits; in make's ARGS, $ is written $$"
    parser.add_argument("--only", type=_pattern, default="", help=fitting)
    parser.add_argument(
        "--pause", type=float, default=5, help="seconds of load before each; after it, twice that"
    )
    parser.add_argument("--rate", type=float, default=50, help="messages a second (%(default)s)")
    return parser.parse_args()


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"no pattern: {error}") from None


def _do(faults: list[Fault], needs: str, rate: float, before_s: float, after_s: float) -> bool:
    """Do faults that need the same scene; say whether every promise was kept."""
    is_good = True
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cpaas-faults-")))
            folders = {name: folder / name for name in ("database", "broker", "platform", "clocks")}
            for path in folders.values():
                path.mkdir()
            if needs == "disks":
                stack.enter_context(_volume(folders["database"], "400m"))
                stack.enter_context(_volume(folders["platform"], "20m"))
            clocks = (
                Clocks(folders["clocks"], tuple(CLOCKS.values())) if needs == "clocks" else None
            )
            environment = clocks.environment if clocks else {}
            with ThreadPoolExecutor() as pool:
                database = pool.submit(PostgreSQL, folders["database"], environment)
                broker = pool.submit(RabbitMQ, folders["broker"])
            for server in (database, broker):
                if not server.exception():
                    stack.callback(server.result().close)
            postgresql, rabbitmq = database.result(), broker.result()
            stage = stack.enter_context(scene(postgresql, rabbitmq, folders["platform"], clocks))
            for fault in faults:
                tally = stage.measure(fault, rate=rate, before_s=before_s, after_s=after_s)
                print(_row(fault.name, tally), flush=True)  # noqa: T201
                is_good &= tally.is_good
    except NotHere as error:
        names = ", ".join(fault.name for fault in faults)
        print(f"not done, since {error}: {names}", flush=True)  # noqa: T201
    return is_good


def _row(name: str, tally: Tally) -> str:
    cells = (
        *(tally.messages, tally.repeats, tally.lost, tally.doubled),
        *(tally.unanswered, tally.amiss),
    )
    numbers = "".join(f"{cell:>13,}" for cell in cells)
    left = "".join(f"\n  {count} lost are {status}" for status, count in tally.left.items())
    return f"{name:<{NAME_WIDTH}}{numbers}{tally.recovered_s:>13.1f}{left}"


@contextmanager
def _volume(folder: Path, size: str) -> Iterator[None]:
    """Make a folder a small volume. Raises NotHere where we may not."""
    mount = ("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
        raise NotHere("only root may mount a small volume")
    try:
        yield
    finally:
        subprocess.run(("umount", "--lazy", str(folder)), check=False)


if __name__ == "__main__":
    main()
