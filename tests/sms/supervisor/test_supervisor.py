"""The supervisor with real, tiny children; its clock is turned by hand."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sms.supervisor.child import LOG_LIMIT_BYTES, Child, Folders, Process, Stage
from sms.supervisor.supervisor import BACK_OFF_S, GRACE_S, LONG_LIFE_S, PATIENCE_S, Supervisor

ROOT = Path(__file__).parents[3]
SLEEPS = "import time; time.sleep(60)"
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(60)"
)
LEAVES_A_CHILD = (
    "import subprocess, sys, time;"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(p.pid, flush=True); time.sleep(60)"
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A supervisor, its clock, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folders = Folders.below(folder)
        self.clock = Clock()
        self.said: list[str] = []
        self.supervisor = Supervisor(self.folders, self.said.append, clock=self.clock)

    def want(self, *processes: Process) -> None:
        self.supervisor.want(processes)
        self.supervisor.tick()

    def pid(self, name: str) -> int:
        return self.supervisor.running[name]

    def until(self, condition: Callable[[], bool]) -> None:
        """Tick until a real process has done what it was asked; the clock stands still."""
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.005)
            self.supervisor.tick()

    def until_it_died(self, name: str) -> None:
        self.until(lambda: name not in self.supervisor.running)

    def until_it_wrote(self, name: str) -> str:
        self.until(lambda: self.folders.last_words(name) != "")
        return self.folders.last_words(name)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    for pid in watched.supervisor.running.values():
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def python(name: str, code: str, stage: Stage = Stage.WORKERS) -> Process:
    return Process(name, (sys.executable, "-S", "-c", code), stage)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_what_is_wanted_runs_under_its_pid_file_in_a_session_of_its_own(watched: Watched) -> None:
    watched.want(python("web", SLEEPS))
    pid = int(watched.folders.pid_file("web").read_text())
    assert is_running(pid)
    assert pid == watched.pid("web") == os.getsid(pid)


def test_what_dies_is_started_again_with_back_off(watched: Watched) -> None:
    web = python("web", "raise SystemExit(3)")
    watched.want(web)
    for delay_s in (*BACK_OFF_S, BACK_OFF_S[-1]):
        watched.until_it_died("web")
        assert watched.said[-1] == f"web ended with code 3; starting it again in {delay_s:.0f} s"
        watched.clock.now += delay_s - 0.01
        watched.supervisor.tick()
        assert "web" not in watched.supervisor.running
        watched.clock.now += 0.02
        watched.supervisor.tick()
        assert watched.said[-1].startswith("web started")
    assert watched.supervisor.early_deaths("web") == len(BACK_OFF_S) + 1


def test_a_minute_of_life_resets_the_back_off(watched: Watched) -> None:
    watched.want(python("web", SLEEPS))
    for life_s in (0.0, 0.0, LONG_LIFE_S):
        watched.clock.now += life_s
        os.kill(watched.pid("web"), signal.SIGKILL)
        watched.until_it_died("web")
        watched.clock.now += BACK_OFF_S[-1]
        watched.supervisor.tick()
    deaths = [line for line in watched.said if "signal" in line]
    assert deaths == [
        "web was ended by signal 9; starting it again in 1 s",
        "web was ended by signal 9; starting it again in 2 s",
        "web was ended by signal 9; starting it again in 1 s",
    ]


def test_a_pid_file_lives_as_long_as_its_process(watched: Watched) -> None:
    watched.want(python("web", "raise SystemExit(1)"))
    watched.until_it_died("web")
    assert list(watched.folders.run.iterdir()) == []


def test_a_program_that_is_missing_is_tried_again(watched: Watched) -> None:
    watched.want(Process("web", ("/nonexistent",), Stage.WEB))
    assert watched.said[-1].startswith("web cannot be started: ")
    assert watched.said[-1].endswith("next try in 1 s")


def test_what_is_no_longer_wanted_is_stopped_and_the_rest_left_alone(watched: Watched) -> None:
    notify = python("notify", SLEEPS)
    watched.want(notify, python("link.one", SLEEPS))
    before = watched.pid("notify")
    watched.want(notify)
    watched.until_it_died("link.one")
    assert watched.said[-1] == "link.one stopped"
    assert watched.pid("notify") == before


def test_what_waits_for_its_back_off_can_be_dismissed(watched: Watched) -> None:
    watched.want(python("link.one", "raise SystemExit(1)"))
    watched.until_it_died("link.one")
    watched.want()
    watched.clock.now += BACK_OFF_S[-1]
    watched.supervisor.tick()
    assert watched.supervisor.running == {}


def test_a_changed_process_is_replaced(watched: Watched) -> None:
    watched.want(python("simulator", SLEEPS))
    before = watched.pid("simulator")
    watched.want(python("simulator", SLEEPS + " # another port"))
    watched.until(lambda: watched.supervisor.running.get("simulator", before) != before)
    assert not is_running(before)


def test_what_is_wanted_again_while_it_stops_comes_back(watched: Watched) -> None:
    link = python("link.one", SLEEPS)
    watched.want(link)
    before = watched.pid("link.one")
    watched.want()
    watched.want(link)
    watched.until(lambda: watched.supervisor.running.get("link.one", before) != before)


def test_later_stages_wait_until_the_earlier_are_ready(watched: Watched) -> None:
    ready: list[bool] = []
    broker = Process(
        "broker", (sys.executable, "-c", SLEEPS), Stage.BROKER, is_ready=lambda: bool(ready)
    )
    watched.want(python("web", SLEEPS, Stage.WEB), broker)
    assert list(watched.supervisor.running) == ["broker"]
    ready.append(True)
    watched.supervisor.tick()
    assert set(watched.supervisor.running) == {"broker", "web"}


def test_a_stage_that_never_becomes_ready_holds_nobody_for_ever(watched: Watched) -> None:
    never = Process("simulator", ("/nonexistent",), Stage.CARRIER, is_ready=lambda: False)
    watched.want(never, python("web", SLEEPS, Stage.WEB))
    watched.clock.now += PATIENCE_S
    watched.supervisor.tick()
    assert list(watched.supervisor.running) == ["web"]


def test_stopping_goes_from_the_web_back_to_the_broker(watched: Watched) -> None:
    watched.want(
        python("broker", SLEEPS, Stage.BROKER),
        python("notify", SLEEPS, Stage.WORKERS),
        python("simulator", SLEEPS, Stage.CARRIER),
        python("web", SLEEPS, Stage.WEB),
    )
    watched.supervisor.stop(lambda: time.sleep(0.005))
    stopped = [line for line in watched.said if line.endswith("stopped")]
    assert stopped == [
        "web stopped",
        "notify stopped",
        "simulator stopped",
        "broker stopped",
    ]
    assert list(watched.folders.run.iterdir()) == []


def test_what_does_not_finish_in_time_is_killed(watched: Watched) -> None:
    watched.want(python("link.one", IGNORES_SIGTERM))
    watched.until_it_wrote("link.one")
    watched.want()
    watched.clock.now += GRACE_S - 0.01
    watched.supervisor.tick()
    assert "link.one" in watched.supervisor.running
    watched.clock.now += 0.02
    watched.supervisor.tick()
    assert watched.said[-1] == "link.one did not finish within 30 s: killed"
    watched.until_it_died("link.one")


def test_the_children_of_a_killed_process_go_with_it(watched: Watched) -> None:
    watched.want(python("web", LEAVES_A_CHILD))
    orphan = int(watched.until_it_wrote("web"))
    os.kill(watched.pid("web"), signal.SIGKILL)
    watched.until_it_died("web")
    watched.until(lambda: not is_running(orphan))


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path\n"
            "from sms.supervisor.child import Child, Folders, Process, Stage\n"
            "process = Process('web', (sys.executable, '-c', 'import time; time.sleep(60)'),"
            " Stage.WEB)\n"
            "print(Child(process, Folders.below(Path(sys.argv[1]))).pid, flush=True)\n"
            "time.sleep(60)",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 10
    while is_running(child):
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(("size", "is_rotated"), [(10, False), (LOG_LIMIT_BYTES + 1, True)])
def test_a_log_is_kept_and_rotated_once_it_is_large(
    tmp_path: Path, size: int, is_rotated: bool
) -> None:
    folders = Folders.below(tmp_path)
    folders.log_file("web").write_bytes(b"x" * size)
    child = Child(python("web", ""), folders)
    child.kill()
    os.waitpid(child.pid, 0)
    assert folders.log_file("web").stat().st_size == (0 if is_rotated else size)
    assert folders.log_file("web").with_name("web.log.1").exists() == is_rotated


def test_last_words_are_the_last_line_with_something_in_it(tmp_path: Path) -> None:
    folders = Folders.below(tmp_path)
    assert folders.last_words("web") == ""
    folders.log_file("web").write_text("one\nOSError: taken\n\n  \n")
    assert folders.last_words("web") == "OSError: taken"
