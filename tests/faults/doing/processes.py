"""The platform's processes, killed, frozen, doubled and restarted."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from sms.bench.traffic.platform import LINK
from tests.fakes.family import children
from tests.faults.scene import Scene
from tests.faults.servers import fill, until

LINK_WORKER = f"link.{LINK}"
WORKERS = (LINK_WORKER, "notify", "housekeeping")


def kill(process: str) -> Callable[[Scene], None]:
    """Kill one; the supervisor starts another."""
    return lambda scene: scene.replace(process, signal.SIGKILL)


def kill_workers(scene: Scene) -> None:
    """Kill one of each kind at once; the supervisor starts others."""
    _replace_workers(scene, ("web", *WORKERS), signal.SIGKILL)


def kill_web_worker(scene: Scene) -> None:
    """Kill one of the processes that answer requests; the others go on."""
    web = scene.platform.pids()["web"]
    victim, *_ = alive = children(web)
    os.kill(victim, signal.SIGKILL)
    until("another worker", lambda: len(set(children(web)) - {victim}) == len(alive))


def kill_web_workers(scene: Scene) -> None:
    """Kill what answers requests, and not the process that looks after it; until that gives up."""
    web = scene.platform.pids()["web"]
    while scene.platform.pids().get("web", web) == web:
        for pid in children(web):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(3)
    scene.wait_for_another("web", web)
    time.sleep(3)


def kill_supervisor(scene: Scene) -> None:
    """Kill what looks after the processes, and start it anew; they go with it."""
    os.kill(scene.platform.pids()["supervisor"], signal.SIGKILL)
    scene.platform.end()
    scene.platform.serve()
    scene.platform.wait_until_it_serves()


def kill_all(scene: Scene) -> None:
    """Kill everything at once, as a host does that loses its power."""
    pids = scene.platform.pids()
    os.kill(pids.pop("supervisor"), signal.SIGKILL)
    for pid in pids.values():
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    scene.platform.end()
    scene.platform.serve()
    scene.platform.wait_until_it_serves()


def freeze(process: str, *, for_s: float) -> Callable[[Scene], None]:
    """Stop a process in its tracks, as a host does that swaps, and let it go on."""

    def do(scene: Scene) -> None:
        pid = scene.platform.pids()[process]
        os.killpg(pid, signal.SIGSTOP)
        try:
            time.sleep(for_s)
        finally:
            os.killpg(pid, signal.SIGCONT)

    return do


def freeze_and_replace(scene: Scene) -> None:
    """Freeze a link's worker while another waits for its place, for longer than its leases."""
    second = scene.platform.start(LINK_WORKER)
    time.sleep(5)
    freeze(LINK_WORKER, for_s=45)(scene)
    time.sleep(5)
    second.send_signal(signal.SIGTERM)
    second.wait(60)


def add_worker(scene: Scene) -> None:
    """Start another worker for a link that has one."""
    second = scene.platform.start(LINK_WORKER)
    time.sleep(15)
    second.send_signal(signal.SIGTERM)
    second.wait(60)


def roll(scene: Scene) -> None:
    """Restart as `deploy/README.md` says: the web by SIGHUP, workers one by one by SIGTERM."""
    scene.platform.hang_up("web")
    for process in sorted(scene.platform.pids()):
        if process in WORKERS:
            scene.replace(process, signal.SIGTERM)
            time.sleep(3)
    time.sleep(15)


def stop_workers(scene: Scene) -> None:
    """Ask all workers at once to finish; the supervisor starts others."""
    _replace_workers(scene, WORKERS, signal.SIGTERM)


def _replace_workers(scene: Scene, names: Sequence[str], how: signal.Signals) -> None:
    pids = scene.platform.pids()
    for name in names:
        os.kill(pids[name], how)
    for name in names:
        scene.wait_for_another(name, pids[name])


def fill_disk(scene: Scene) -> None:
    """Leave no room for logs, pid files and heartbeats; a process is killed meanwhile."""
    filler = fill(scene.disk)
    try:
        time.sleep(5)
        scene.replace("notify", signal.SIGKILL)
        time.sleep(5)
    finally:
        filler.unlink()
