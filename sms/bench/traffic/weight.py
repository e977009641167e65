"""CPU seconds and memory of process trees, from /proc."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")


class Weight(NamedTuple):
    """What processes have used since they began, and hold now."""

    cpu_s: float
    memory_mb: float


class _Process(NamedTuple):
    parent: int
    cpu_s: float


def _processes() -> dict[int, _Process]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                # utime, stime, and both of children that have ended
                ticks = sum(map(int, fields[11:15]))
                found[int(folder.name)] = _Process(int(fields[1]), ticks / TICKS)
    return found


def parent(pid: int) -> int:
    """Return the process that started another."""
    return _processes()[pid].parent


def weigh(roots: Iterable[int]) -> Weight:
    """Add up processes and all that descends from them."""
    processes = _processes()
    tree = set(_descendants(roots, processes))
    cpu_s = sum(processes[pid].cpu_s for pid in tree)
    return Weight(cpu_s, sum(map(_memory_mb, tree)))


def _descendants(roots: Iterable[int], processes: dict[int, _Process]) -> Iterator[int]:
    children = defaultdict(list)
    for pid, process in processes.items():
        children[process.parent].append(pid)
    left = [pid for pid in roots if pid in processes]
    while left:
        pid = left.pop()
        yield pid
        left += children[pid]


def _memory_mb(pid: int) -> float:
    """Return its share of what it holds: pages that several hold are split among them."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
