"""The wall clock of one process."""

import time
from collections.abc import Callable

from tests.faults.scene import Scene

HOUR_S = 3600
WRONG_S = 10.0


def step(process: str, by_s: int) -> Callable[[Scene], None]:
    """Step the clock of a process while it runs, and after a while back."""

    def do(scene: Scene) -> None:
        assert scene.clocks, "this fault needs clocks"
        scene.clocks.set(process, by_s)
        time.sleep(WRONG_S)
        scene.clocks.set(process, 0)

    return do
