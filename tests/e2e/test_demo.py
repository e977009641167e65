"""The first minute of a newcomer."""

import json
import os
import shlex
import signal
import urllib.parse
import urllib.request
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import basic
from tests.e2e.conftest import Instance, Served

pytestmark = pytest.mark.sockets

JOURNEY = [
    "bound over SMPP",
    "accepted: SM",
    "sent: the carrier took it",
    "status callback received: sent (its signature is good)",
    "receipt in: stat:DELIVRD",
    "delivered",
    "status callback received: delivered (its signature is good)",
    "Send a message yourself",
    "stopped",
]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return " Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_demo_tells_the_journey_of_a_message_and_ends(untouched_instance: Instance) -> None:
    ended = untouched_instance.manage("serve", "--demo")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    at = 0
    for step in JOURNEY:
        at = ended.stdout.index(step, at)
    assert untouched_instance.pids() == {}
    kept = list((untouched_instance.data_dir / "keys").iterdir())
    assert kept
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def say_what_curl_would(line: str) -> dict[str, str]:
    """Send the request of a curl line; curl itself may be missing here."""
    words = shlex.split(line)
    options: dict[str, list[str]] = {"-u": [], "-d": [], "--data-urlencode": []}
    for option, value in pairwise(words):
        if option in options:
            options[option].append(value)
    form = dict(pair.split("=", 1) for pair in options["-d"] + options["--data-urlencode"])
    request = urllib.request.Request(  # noqa: S310 - our own address
        next(word for word in words if word.startswith("http://")),
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": basic(*options["-u"][0].split(":"))},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return dict(json.load(answer))


def test_an_instance_keeps_others_off_its_folder_and_its_ports(
    instance: Instance, served: Served
) -> None:
    served.wait_for("serving; Ctrl-C stops it")
    assert "An instance runs already in" in instance.manage("serve").stderr
    other = {**instance.environment, "DATA_DIR": str(instance.data_dir.with_name("other"))}
    refused = Instance(Path(other["DATA_DIR"]), other).manage("serve", "--demo")
    assert refused.returncode == 1
    port = instance.environment["HTTP_PORT"]
    assert refused.stderr == (
        f"Port {port} is taken by another program; set HTTP_PORT to a free one.\n"
    )


def test_an_instance_serves_follows_its_links_and_stops_on_ctrl_c(
    instance: Instance, served: Served
) -> None:
    served.wait_for("serving; Ctrl-C stops it")
    pids = instance.pids()
    assert {"simulator", "web", "notify", "housekeeping", "link.simulator"} <= set(pids)
    assert say_what_curl_would(served.wait_for(r"curl .*").group())["status"] == "sending"

    added = instance.from_another_shell(
        *("addlink", "other", "--host", "127.0.0.1", "--port", "1", "--system-id", "a"),
        *("--password", "b", "--json"),
    )
    assert added.returncode == 0, added.stderr
    served.wait_for("link.other started")

    os.kill(pids["link.simulator"], signal.SIGKILL)
    served.wait_for("link.simulator was ended by signal 9; starting it again in 1 s")
    served.wait_for(r"again in 1 s\n(.*\n)*.*link.simulator started")

    pids = instance.pids()
    served.send(signal.SIGINT)
    served.send(signal.SIGINT)
    assert served.ended() == 0
    assert "Traceback" not in served.output
    assert instance.pids() == {}
    assert not [name for name, pid in pids.items() if is_running(pid)]
