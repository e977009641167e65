"""The installer, run as `make` runs it: another process, a folder of its own, no network."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

# The one that made our own environment: it has pip, where that may have none.
PYTHON: str = getattr(sys, "_base_executable", sys.executable)

INSTALL = Path(__file__).parent.parent / "requirements" / "install.py"

Run = Callable[..., subprocess.CompletedProcess[str]]


def make_wheel(folder: Path, name: str) -> None:
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def run(checkout: Path, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, str(checkout / "requirements" / "install.py"), name],
        env={
            **os.environ,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(checkout / "wheels"),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout as cloned."""
    folder = tmp_path_factory.mktemp("fresh")
    wheels, requirements = folder / "wheels", folder / "requirements"
    wheels.mkdir()
    requirements.mkdir()
    for name in ("first", "second"):
        make_wheel(wheels, name)
    (requirements / "base.txt").write_text("first==1.0\n")
    (requirements / "test.txt").write_text("second==1.0\n")
    (requirements / "install.py").write_text(INSTALL.read_text())
    return folder


@pytest.fixture(scope="module")
def installed(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with its base set."""
    folder = tmp_path_factory.mktemp("installed") / "checkout"
    shutil.copytree(fresh, folder)
    assert run(folder, "base").returncode == 0
    return folder


@pytest.fixture
def checkout(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of `installed`, or of `fresh` where the test says so."""
    original: Path = request.getfixturevalue(getattr(request, "param", "installed"))
    return shutil.copytree(original, tmp_path / "checkout", symlinks=True)


@pytest.fixture
def install(checkout: Path) -> Run:
    def install(name: str = "base", **environment: str) -> subprocess.CompletedProcess[str]:
        return run(checkout, name, **environment)

    return install


on_a_fresh_clone = pytest.mark.parametrize("checkout", ["fresh"], indirect=True)


def can_import(checkout: Path, name: str) -> bool:
    python = checkout / ".venv" / "bin" / "python"
    return subprocess.run([python, "-c", f"import {name}"], check=False).returncode == 0


def test_packages_are_installed_once(checkout: Path, install: Run) -> None:
    assert can_import(checkout, "first")
    second = install()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def test_the_test_set_holds_the_base_set(checkout: Path, install: Run) -> None:
    assert install("test").returncode == 0
    assert can_import(checkout, "first")
    assert can_import(checkout, "second")
    assert install("base").stdout == ""


def test_a_changed_pin_is_installed(checkout: Path, install: Run) -> None:
    (checkout / "requirements" / "base.txt").write_text("first==1.0\nsecond==1.0\n")
    assert install().returncode == 0
    assert can_import(checkout, "second")


def test_an_install_that_was_killed_is_done_anew(checkout: Path, install: Run) -> None:
    # What kill -9 leaves: pip takes this package for installed, though its code is missing.
    (checkout / ".venv" / ".installed-base").unlink()
    (checkout / ".venv" / ".unfinished").touch()
    next((checkout / ".venv").glob("lib/python3*/site-packages/first.py")).unlink()
    assert install().returncode == 0
    assert can_import(checkout, "first")


def test_an_interpreter_that_is_gone_is_replaced(checkout: Path, install: Run) -> None:
    for link in (checkout / ".venv" / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nonexistent/python3")
    assert install().returncode == 0
    assert can_import(checkout, "first")


def test_a_failed_install_is_one_sentence_and_keeps_what_was_there(
    checkout: Path, install: Run
) -> None:
    (checkout / "requirements" / "test.txt").write_text("absent==1.0\n")
    failed = install("test")
    assert failed.returncode != 0
    assert failed.stderr.splitlines() == [
        "The packages could not be installed: No matching distribution found for absent==1.0"
    ]
    assert not (checkout / ".venv" / ".unfinished").exists()
    assert can_import(checkout, "first")


@on_a_fresh_clone
def test_an_index_out_of_reach_is_named_as_such(checkout: Path, install: Run) -> None:
    failed = install(PIP_NO_INDEX="0", PIP_FIND_LINKS="", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert failed.returncode != 0
    assert "the package index cannot be reached" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


@on_a_fresh_clone
def test_settings_of_pip_cannot_lead_it_elsewhere(checkout: Path, install: Run) -> None:
    assert install(PIP_USER="1", PIP_TARGET=str(checkout / "elsewhere")).returncode == 0
    assert can_import(checkout, "first")


@on_a_fresh_clone
def test_a_second_make_waits_for_the_first(checkout: Path, install: Run) -> None:
    handle = os.open(checkout, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(subprocess.TimeoutExpired) as waiting:
        subprocess.run(
            [PYTHON, str(checkout / "requirements" / "install.py"), "base"],
            stdout=subprocess.PIPE,
            timeout=1,
            check=False,
        )
    os.close(handle)
    assert b"waiting for it" in (waiting.value.stdout or b"")
    assert install().returncode == 0


@on_a_fresh_clone
def test_checkouts_that_share_an_environment_wait_for_each_other(
    checkout: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "elsewhere"
    shared.mkdir()
    (checkout / ".venv").symlink_to(shared / ".venv")
    handle = os.open(shared, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(subprocess.TimeoutExpired) as waiting:
        subprocess.run(
            [PYTHON, str(checkout / "requirements" / "install.py"), "base"],
            stdout=subprocess.PIPE,
            timeout=1,
            check=False,
        )
    os.close(handle)
    assert b"waiting for it" in (waiting.value.stdout or b"")


@pytest.mark.parametrize("version", ["3.6", "2.7"])
def test_an_older_python_is_told_so(version: str) -> None:
    source = INSTALL.read_text()
    guard = source[: source.index("import fcntl")]
    older = guard.replace("sys.version_info", repr(tuple(map(int, version.split(".")))))
    with pytest.raises(SystemExit, match=f"this is {version}"):
        exec(compile(older, "install.py", "exec"), {})  # noqa: S102 - our own file


def test_the_reason_is_the_last_error() -> None:
    spec = importlib.util.spec_from_file_location("install", INSTALL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    output = "Collecting a\nERROR: first\nERROR: disk full\n[notice] upgrade pip\n"
    assert module.reason(output) == "disk full"
