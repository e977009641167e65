"""A process goes by its own clock, and by a true one for how long things take."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.clocks import Clocks
from tests.faults.servers import NotHere

SCRIPT = """
import sys, time
for line in sys.stdin:
    began = time.monotonic()
    time.sleep(0.1)
    print(time.time(), time.monotonic() - began, flush=True)
"""


@pytest.fixture
def clocks(tmp_path: Path) -> Clocks:
    try:
        return Clocks(tmp_path, ("web", "notify"))
    except NotHere as error:
        pytest.skip(str(error))


def test_the_clock_of_one_process_is_stepped_while_it_runs(clocks: Clocks) -> None:
    with subprocess.Popen(
        (sys.executable, "-c", SCRIPT),
        env={**clocks.environment, "PROCESS_NAME": "web"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        for process_name, ahead_s in (("web", 3600), ("notify", 60), ("web", -3600), ("web", 0)):
            clocks.set(process_name, ahead_s)
            process.stdin.write("\n")
            process.stdin.flush()
            told, slept_s = map(float, process.stdout.readline().split())
            expected_s = 3600 if process_name == "notify" else ahead_s
            assert abs(told - time.time() - expected_s) < 5
            assert 0.1 <= slept_s < 5
        process.stdin.close()
