"""Wall clocks that can be stepped, one for each process; see clock.c."""

import shutil
import struct
import subprocess
from pathlib import Path

from tests.faults.servers import NotHere

SOURCE = Path(__file__).with_name("clock.c")
AHEAD_S = struct.Struct("=q")


class Clocks:
    """A folder of clocks, and the library that makes processes go by them."""

    def __init__(self, folder: Path, processes: tuple[str, ...]) -> None:
        """Raises NotHere without a C compiler."""
        self._folder = folder
        self._library = folder / "clock.so"
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if not compiler:
            raise NotHere("there is no C compiler for the clock that can be stepped")
        words = (compiler, "-O2", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE))
        made = subprocess.run(words, capture_output=True, text=True)
        if made.returncode:
            raise NotHere(f"{compiler} cannot make the clock: {made.stderr.strip()[:200]}")
        folder.chmod(0o755)  # PostgreSQL has a user of its own
        for process in processes:
            self.set(process, 0)

    @property
    def environment(self) -> dict[str, str]:
        """What a process goes by its clock with; PROCESS_NAME says which is its own."""
        return {"LD_PRELOAD": str(self._library), "FAULT_CLOCKS": str(self._folder)}

    def set(self, process: str, ahead_s: int) -> None:
        """Put the clock of a process so many seconds ahead of the true one."""
        path = self._folder / process
        with path.open("r+b" if path.exists() else "wb") as file:  # mapped: never a new file
            file.write(AHEAD_S.pack(ahead_s))
