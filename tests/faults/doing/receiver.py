"""The customer's URL."""

import time
from collections.abc import Callable

from tests.faults.scene import Scene


def behave(manner: str, *, for_s: float = 10.0) -> Callable[[Scene], None]:
    """Answer in a manner of `tests.faults.receiver` for a while."""

    def do(scene: Scene) -> None:
        scene.receiver.ask("behave", manner=manner)
        time.sleep(for_s)
        scene.receiver.ask("behave")

    return do
