"""What a process has started."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """List the processes that a process has started; none once it has ended."""
    try:
        pids = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(child) for child in pids.split()]
