"""What must hold before anything is started."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sms.supervisor.child import Child, Folders, Process, Stage
from sms.supervisor.instance import CannotServe, Port, check_ports, end_leftovers, only_one

SLEEPS = "import time; time.sleep(60)"
IGNORES_SIGTERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders.below(tmp_path)


@pytest.fixture
def taken() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_second_supervisor_is_told_who_was_first(folders: Folders) -> None:
    with only_one(folders), pytest.raises(CannotServe) as refused, only_one(folders):
        pass
    assert str(refused.value) == (
        f"An instance runs already in {folders.run.parent} (pid {os.getpid()});"
        " stop it first, or set DATA_DIR to another folder."
    )


def test_the_lock_goes_with_its_owner(folders: Folders) -> None:
    with only_one(folders):
        assert folders.pid_file("supervisor").read_text() == f"{os.getpid()}\n"
    assert not folders.pid_file("supervisor").exists()
    with only_one(folders):
        pass


def test_a_pid_file_that_was_left_behind_locks_nobody_out(folders: Folders) -> None:
    folders.pid_file("supervisor").write_text("1\n")
    with only_one(folders):
        pass


def test_a_taken_port_is_named_with_the_setting_that_moves_it(taken: int) -> None:
    with pytest.raises(CannotServe) as refused:
        check_ports([Port("SMPP_PORT", taken)])
    assert str(refused.value) == (
        f"Port {taken} is taken by another program; set SMPP_PORT to a free one."
    )


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (Port("HTTP_PORT", 70000), "HTTP_PORT must be a port from 1 to 65535, not 70000"),
        (Port("HTTP_PORT", 0), "HTTP_PORT must be a port from 1 to 65535, not 0"),
        (
            Port("HTTP_PORT", 20_000, "192.0.2.1"),
            r"^192\.0\.2\.1 is not an .* set HTTP_HOST to one",
        ),
        (Port("SIP_PORT", 20_000, "no name"), "no name is not an address .* set SIP_HOST to one"),
    ],
)
def test_a_port_that_cannot_be_had_is_one_sentence(port: Port, words: str) -> None:
    with pytest.raises(CannotServe, match=words):
        check_ports([port])


def test_a_port_is_free_again_right_after_its_server_closed(taken: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
    accepted.close()  # the server's side lingers in TIME_WAIT
    client.close()
    check_ports([Port("HTTP_PORT", port)])


def test_what_a_killed_supervisor_left_is_ended(folders: Folders) -> None:
    child = Child(Process("link.one", (sys.executable, "-c", SLEEPS), Stage.WORKERS), folders)
    said: list[str] = []
    end_leftovers(folders, said.append)
    assert child.exit_code() == -15
    assert "link.one is left from a supervisor that was killed" in said[0]
    assert not list(folders.run.glob("*.pid"))


def test_what_was_left_and_does_not_finish_is_killed(folders: Folders) -> None:
    process = Process("link.one", (sys.executable, "-c", IGNORES_SIGTERM), Stage.WORKERS)
    child = Child(process, folders)
    end_leftovers(folders, lambda _: None, grace_s=0.2)
    assert child.exit_code() in {-9, -15}  # -15: it was told before it could shut its ears


def test_a_pid_that_came_round_again_is_left_alone(folders: Folders) -> None:
    folders.log_file("web").touch()
    with subprocess.Popen([sys.executable, "-c", SLEEPS], start_new_session=True) as stranger:
        folders.pid_file("web").write_text(f"{stranger.pid}\n")
        end_leftovers(folders, lambda _: None, grace_s=0.2)
        assert stranger.poll() is None
        stranger.kill()
    assert not folders.pid_file("web").exists()
