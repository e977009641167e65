"""The table of faults, and how each is done."""

import signal
import time
from collections.abc import Callable

from sms.bench.traffic.platform import LINK
from tests.faults.scene import Fault, Scene

HANG_S = 20.0
BROKER_AWAY_S = 60.0
DATABASE_AWAY_S = 5.0
DISK_FULL_S = 10.0
NO_SUCH_COMMAND = "000000100000abcd0000000000000001"
"""A generic_nack is its answer (SMPP 3.4 §4.3)."""
IMPOSSIBLE_LENGTH = "7fffffff000000040000000000000001"
"""No PDU is that long: the session cannot go on."""


def _kill(process: str) -> Callable[[Scene], None]:
    return lambda scene: scene.kill(process)


def _restart_broker(scene: Scene) -> None:
    scene.rabbitmq.crash()
    scene.rabbitmq.start()


def _take_broker_away(scene: Scene) -> None:
    scene.rabbitmq.crash()
    time.sleep(BROKER_AWAY_S)
    scene.rabbitmq.start()


def _crash_database(scene: Scene) -> None:
    scene.postgresql.crash()
    time.sleep(DATABASE_AWAY_S)
    scene.postgresql.start()


def _drop_lines(scene: Scene) -> None:
    for _ in range(5):
        scene.carrier.ask("drop")
        time.sleep(2)


def _hang(program: str) -> Callable[[Scene], None]:
    def do(scene: Scene) -> None:
        getattr(scene, program).ask("hang", is_silent=True)
        time.sleep(HANG_S)
        getattr(scene, program).ask("hang", is_silent=False)

    return do


def _send_garbage(scene: Scene) -> None:
    for octets in (NO_SUCH_COMMAND, IMPOSSIBLE_LENGTH, "00" * 64, "ff" * 64):
        scene.carrier.ask("send", octets=octets)
        time.sleep(3)


def _fill_disk(scene: Scene) -> None:
    filler = scene.postgresql.fill_disk()
    time.sleep(DISK_FULL_S)
    filler.unlink()
    scene.postgresql.recover()


def _step_clock(step: str) -> Callable[[Scene], None]:
    def do(scene: Scene) -> None:
        scene.clock.write_text(f"{step}\n")
        time.sleep(10)
        scene.clock.write_text("+0s\n")

    return do


def _second_worker(scene: Scene) -> None:
    second = scene.platform.start(f"link.{LINK}")
    time.sleep(15)
    second.send_signal(signal.SIGTERM)
    second.wait(60)


def _roll(scene: Scene) -> None:
    """Restart as `deploy/README.md` says: the web by SIGHUP, workers one by one by SIGTERM."""
    scene.platform.hang_up("web")
    for process in sorted(scene.platform.pids()):
        if process.startswith("link.") or process in ("notify", "housekeeping"):
            scene.kill(process, signal.SIGTERM)
            time.sleep(3)
    time.sleep(15)


FAULTS = (
    Fault("kill -9 web", _kill("web")),
    Fault("kill -9 link worker", _kill(f"link.{LINK}"), is_short=True),
    Fault("kill -9 callback worker", _kill("notify")),
    Fault("kill -9 housekeeping", _kill("housekeeping")),
    Fault("kill -9 everything", lambda scene: scene.kill_all()),
    Fault("broker restart (kill -9)", _restart_broker),
    Fault("broker away for 60 s", _take_broker_away),
    Fault("database crash, 5 s away", _crash_database, is_short=True),
    Fault("disk full for 10 s", _fill_disk, needs="disk"),
    Fault("carrier drops, 5 times", _drop_lines, is_short=True),
    Fault("carrier silent for 20 s", _hang("carrier")),
    Fault("carrier sends garbage", _send_garbage),
    Fault("receiver silent for 20 s", _hang("receiver")),
    Fault("clock one hour ahead", _step_clock("+3600s"), needs="clock"),
    Fault("clock one hour back", _step_clock("-3600s"), needs="clock"),
    Fault("second worker on the link", _second_worker),
    Fault("rolling restart (SIGTERM)", _roll),
)
