"""Whether a process of this host works, by exit code; over real files and sockets."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cpaas.heartbeat import TOO_OLD_S, Heartbeat, beat_file, notify
from tests.fakes.ports import free_port


def health(data_dir: Path, *names: str, **environment: str) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-m", "cpaas.health", *names],
        env={**os.environ, "DATA_DIR": str(data_dir), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return run.returncode, run.stderr.strip()


def test_a_worker_that_beats_is_well_until_it_ends(tmp_path: Path) -> None:
    heart = Heartbeat(beat_file(tmp_path, "link.acme"))
    heart.beat()
    assert health(tmp_path, "link.acme") == (0, "")
    heart.end()
    code, word = health(tmp_path, "link.acme")
    assert code == 1
    assert "link.acme does not run" in word


def test_a_worker_that_has_stopped_turning_is_not_well(tmp_path: Path) -> None:
    file = beat_file(tmp_path, "notify")
    Heartbeat(file).beat()
    long_ago = time.time() - TOO_OLD_S - 5
    os.utime(file, (long_ago, long_ago))
    code, word = health(tmp_path, "notify")
    assert code == 1
    assert "last sign" in word


def test_a_web_process_that_is_away_is_not_well(tmp_path: Path) -> None:
    code, word = health(tmp_path, "web", HTTP_PORT=str(free_port()))
    assert code == 1
    assert "web does not answer" in word


def test_nobody_is_not_everybody(tmp_path: Path) -> None:
    assert health(tmp_path)[0] == 2


@pytest.mark.parametrize("is_abstract", [False, True])
def test_systemd_hears_that_a_worker_is_ready_and_then_that_it_turns(
    is_abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"@cpaas-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name[1:]}" if is_abstract else name)
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        heart = Heartbeat(beat_file(tmp_path, "notify"))
        heart.beat()
        assert systemd.recv(100) == b"READY=1"
        heart.beat()  # at once: says nothing
        heart._beaten -= 2
        heart.beat()
        assert systemd.recv(100) == b"WATCHDOG=1"


def test_a_systemd_that_is_gone_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    notify(b"WATCHDOG=1")
