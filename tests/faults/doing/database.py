"""PostgreSQL and its disk."""

import time
from contextlib import ExitStack

import psycopg

from tests.faults.scene import Scene

AWAY_S = 5.0
FROZEN_S = 10.0
FULL_S = 10.0
LOCKED_S = 8.0


def crash(scene: Scene) -> None:
    """End it as a power cut would, but for the disk's own memory."""
    scene.postgresql.crash()
    time.sleep(AWAY_S)
    scene.postgresql.start()


def restart(scene: Scene) -> None:
    """End it and start it at once."""
    scene.postgresql.crash()
    scene.postgresql.start()


def crash_twice(scene: Scene) -> None:
    """End it again when everybody has just come back, as two failovers in a row do."""
    for _ in range(2):
        scene.postgresql.crash()
        scene.postgresql.start()
        time.sleep(2)


def freeze(scene: Scene) -> None:
    """Have it answer nobody, with all connections open."""
    scene.postgresql.freeze()
    try:
        time.sleep(FROZEN_S)
    finally:
        scene.postgresql.thaw()


def end_connections(scene: Scene) -> None:
    """End every connection, again and again."""
    for _ in range(10):
        scene.postgresql.end_connections()
        time.sleep(1)


def take_connections(scene: Scene) -> None:
    """End every connection, and leave no room for another."""
    scene.postgresql.end_connections()
    until = time.monotonic() + FULL_S
    with ExitStack() as stack:
        while time.monotonic() < until:
            try:
                connection = psycopg.connect(scene.postgresql.url, connect_timeout=5)
                stack.callback(connection.close)
            except psycopg.OperationalError:  # all taken; whoever has one and ends loses it to us
                time.sleep(0.1)


def lock_table(scene: Scene) -> None:
    """Hold the table of messages as a migration does that should not have been written so."""
    with psycopg.connect(scene.postgresql.url) as connection:
        connection.execute("ALTER TABLE sms_message ADD COLUMN of_a_fault integer DEFAULT 0")
        time.sleep(LOCKED_S)
        connection.execute("ALTER TABLE sms_message DROP COLUMN of_a_fault")


def fill_disk(scene: Scene) -> None:
    """Leave no room on its volume."""
    filler = scene.postgresql.fill_disk()
    time.sleep(FULL_S)
    filler.unlink()
    scene.postgresql.recover()
