"""Make `.venv` and install a pinned set of packages into it, once.

    python3 requirements/install.py base|test

Run by whatever `python3` the Makefile finds, so it needs the standard library alone, and
above the version check nothing that Python 3.6 cannot parse.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the very version that has to be told so
    sys.exit("Python 3.11 or newer is needed; this is %d.%d." % sys.version_info[:2])  # noqa: UP031

import fcntl
import hashlib
import importlib.util
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETS = {
    "base": ("base.txt",),
    "test": ("base.txt", "test.txt"),
}
PIP_OPTIONS = (
    "--prefer-binary",  # nobody who runs this has a compiler
    "--no-input",
    "--disable-pip-version-check",
    "--retries=2",
    "--timeout=15",
)
UNREACHABLE = ("Retrying (", "NewConnectionError", "Temporary failure in name resolution")


class InstallError(Exception):
    """The set cannot be installed; the text is one sentence for the person at the keyboard."""


class Environment:
    """The virtual environment of a checkout and what is known to be in it."""

    def __init__(self, root: Path) -> None:
        self.requirements = root / "requirements"
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        # pip believes a package that it was killed in the middle of to be installed, so an
        # environment that still carries this mark can only be thrown away.
        self.unfinished = self.folder / ".unfinished"

    def has(self, name: str) -> bool:
        """Say whether the set is installed as pinned today."""
        try:
            return self.stamp(name).read_text() == self.digest(name)
        except OSError:
            return False

    def stamp(self, name: str) -> Path:
        return self.folder / f".installed-{name}"

    def digest(self, name: str) -> str:
        """Name the pinned versions and the interpreter they were installed for.

        Raises OSError when there is no such interpreter any more.
        """
        sha = hashlib.sha256(str(self.python.resolve(strict=True)).encode())
        for file in SETS[name]:
            sha.update((self.requirements / file).read_bytes())
        return sha.hexdigest()

    def create(self) -> None:
        """Make an empty environment unless a whole one is there."""
        if self.python.exists() and not self.unfinished.exists():
            return
        run(
            [sys.executable, "-m", "venv", "--without-pip", "--clear", str(self.folder)],
            "Python could not create .venv (on Debian: apt install python3-venv)",
        )

    def pip(self) -> list[str]:
        """Return the command of the pip to use: its own, the host's, or the bundled one.

        Raises InstallError when there is none.
        """
        if any(self.folder.glob("lib/python*/site-packages/pip/__main__.py")):
            return [str(self.python), "-m", "pip"]
        if importlib.util.find_spec("pip"):
            return [sys.executable, "-m", "pip", "--python", str(self.python)]
        if importlib.util.find_spec("ensurepip"):
            run(
                [str(self.python), "-m", "ensurepip"],
                "Python's bundled pip could not be installed",
            )
            return [str(self.python), "-m", "pip"]
        raise InstallError(
            f"{sys.executable} has no pip (on Debian: apt install python3-pip python3-venv)."
        )

    def install(self, name: str) -> None:
        """Install the set and remember it, with every set that is part of it.

        Raises InstallError.
        """
        self.create()
        pip = self.pip()
        part_of_it = [other for other in SETS if set(SETS[other]) <= set(SETS[name])]
        for other in part_of_it:
            self.stamp(other).unlink(missing_ok=True)
        self.unfinished.touch()
        files = [f"--requirement={self.requirements / file}" for file in SETS[name]]
        try:
            run([*pip, "install", *PIP_OPTIONS, *files], "The packages could not be installed")
        except InstallError:
            self.unfinished.unlink()  # pip gave up by itself, so it left nothing half done
            raise
        for other in part_of_it:
            self.stamp(other).write_text(self.digest(other))
        self.unfinished.unlink()


def run(argv: list[str], complaint: str) -> None:
    """Run a command quietly.

    Raises InstallError with the complaint and the last meaningful line of its output.
    """
    done = subprocess.run(  # noqa: S603 - our own arguments
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=clean_environment(),
        check=False,
    )
    if done.returncode:
        raise InstallError(f"{complaint}: {reason(done.stdout)}")


def clean_environment() -> dict[str, str]:
    """Return the environment without what would make pip look at, or write to, another place."""
    foreign = {"PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    kept = {key: value for key, value in os.environ.items() if key not in foreign}
    return {**kept, "PIP_USER": "0"}


def reason(output: str) -> str:
    """Pick the line that says why."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any(sign in line for line in lines for sign in UNREACHABLE):
        return "the package index cannot be reached; check the network and run it again."
    errors = [line for line in lines if "error" in line.lower()]
    said = (errors or lines or ["no reason given"])[-1]
    return said.removeprefix("ERROR: ")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second make out while one installs; the folder itself is the lock."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another make is installing here; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def main(name: str, *, root: Path = ROOT) -> None:
    """Bring the environment up to the pinned set; a no-op when it is."""
    environment = Environment(root)
    if environment.has(name):
        return
    # Where the environment is: checkouts may share one by a link.
    with alone(environment.folder.resolve().parent):
        if environment.has(name):
            return
        say(f"Installing the {name} packages into .venv; the first time takes about a minute ...")
        environment.install(name)
        say("Installed.")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit("Stopped; the next run starts over.")
    except (InstallError, OSError) as error:
        sys.exit(str(error))
