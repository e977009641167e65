"""The SMSC and the line to it."""

import os
import signal
import time
from collections.abc import Callable

from tests.faults.scene import Scene

HANG_S = 20.0
FROZEN_S = 45.0
AWAY_S = 20.0
NO_SUCH_COMMAND = "000000100000abcd0000000000000001"
"""A generic_nack is its answer (SMPP 3.4 §4.3)."""
IMPOSSIBLE_LENGTH = "7fffffff000000040000000000000001"
"""No PDU is that long: the session cannot go on."""


def drop_lines(scene: Scene) -> None:
    """Cut the line, several times."""
    for _ in range(5):
        scene.carrier.ask("drop")
        time.sleep(2)


def drop_line(scene: Scene) -> None:
    """Cut the line."""
    scene.carrier.ask("drop")


def hang(scene: Scene) -> None:
    """Neither hear nor answer, as when a cable is out; the connection stays."""
    scene.carrier.ask("hang", is_silent=True)
    time.sleep(HANG_S)
    scene.carrier.ask("hang", is_silent=False)


def freeze(scene: Scene) -> None:
    """Stop it in its tracks: what was sent meanwhile it takes afterwards, all of it."""
    os.kill(scene.carrier.pid, signal.SIGSTOP)
    try:
        time.sleep(FROZEN_S)
    finally:
        os.kill(scene.carrier.pid, signal.SIGCONT)


def send_garbage(scene: Scene) -> None:
    """Say what is no PDU, or none that anybody knows."""
    for octets in (NO_SUCH_COMMAND, IMPOSSIBLE_LENGTH, "00" * 64, "ff" * 64):
        scene.carrier.ask("send", octets=octets)
        time.sleep(3)


def behave(manner: str, *, for_s: float = 10.0) -> Callable[[Scene], None]:
    """Answer in a manner of `tests.faults.carrier` for a while."""

    def do(scene: Scene) -> None:
        scene.carrier.ask("behave", manner=manner)
        time.sleep(for_s)
        scene.carrier.ask("behave")

    return do


def refuse_binds(scene: Scene) -> None:
    """Cut the line and let nobody in for a while."""
    scene.carrier.ask("bind", refuses=True)
    scene.carrier.ask("drop")
    time.sleep(AWAY_S)
    scene.carrier.ask("bind")


def bind_slowly(scene: Scene) -> None:
    """Cut the line and take time to let somebody in."""
    scene.carrier.ask("bind", delay_s=8.0)
    scene.carrier.ask("drop")
    time.sleep(AWAY_S)
    scene.carrier.ask("bind")
