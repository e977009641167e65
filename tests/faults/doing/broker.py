"""RabbitMQ."""

import time

from tests.faults.scene import Scene

AWAY_S = 60.0
"""As long as nobody should notice by more than a second."""
FROZEN_S = 20.0
ALARM_S = 10.0


def restart(scene: Scene) -> None:
    """Kill it and start it."""
    scene.rabbitmq.crash()
    scene.rabbitmq.start()


def take_away(scene: Scene) -> None:
    """Have it away for a long time."""
    scene.rabbitmq.crash()
    time.sleep(AWAY_S)
    scene.rabbitmq.start()


def freeze(scene: Scene) -> None:
    """Have it answer nobody, with all connections open."""
    scene.rabbitmq.freeze()
    try:
        time.sleep(FROZEN_S)
    finally:
        scene.rabbitmq.thaw()


def alarm(scene: Scene) -> None:
    """Have it run out of memory, as it sees it: publishers are blocked."""
    scene.rabbitmq.control("set_vm_memory_high_watermark", "absolute", "1")
    time.sleep(ALARM_S)
    scene.rabbitmq.control("set_vm_memory_high_watermark", "0.4")


def delete_queues(scene: Scene) -> None:
    """Delete the queues that workers listen on."""
    for queue in ("link.bench", "notify", "housekeeping"):
        scene.rabbitmq.control("delete_queue", queue)
    time.sleep(5)
