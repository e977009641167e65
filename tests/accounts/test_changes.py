"""The mark that tells the processes of a host of a change."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts import changes

OTHER_PROCESS = "import django; django.setup(); from accounts import changes; print({})"


def other_process(expression: str, folder: Path) -> str:
    words = [sys.executable, "-c", OTHER_PROCESS.format(expression)]
    environment = {**os.environ, "DATA_DIR": str(folder.parent)}
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder of this test's own: others change things, too."""
    folder = tmp_path / "data" / "run"
    monkeypatch.setattr(changes, "_FOLDER", folder)
    monkeypatch.setattr(changes, "_FILE", folder / "changed")
    changes._shared.cache_clear()
    yield folder
    changes._shared.cache_clear()
    changes._complain.cache_clear()


@pytest.mark.usefixtures("folder")
def test_mark_stays_until_a_change_is_noted() -> None:
    marks = [changes.mark() for _ in range(2)]
    assert marks[0] == marks[1] != b""
    changes.note()
    assert changes.mark() != marks[0]


def test_all_processes_read_one_mark(folder: Path) -> None:
    before = changes.mark()
    assert other_process("changes.mark().hex()", folder) == before.hex()
    other_process("changes.note()", folder)
    assert changes.mark() != before


@pytest.mark.usefixtures("folder")
def test_every_change_makes_another_mark() -> None:
    marks = set()
    for _ in range(1_000):
        changes.note()
        marks.add(changes.mark())
    assert len(marks) == 1_000


def test_the_file_is_made_where_there_is_none_and_is_nobody_elses(folder: Path) -> None:
    mark = changes.mark()
    assert (folder / "changed").read_bytes() == mark != b""
    assert (folder / "changed").stat().st_mode & 0o777 == 0o600


def test_change_is_noted_by_who_has_read_no_mark_yet(folder: Path) -> None:
    changes.note()
    assert (folder / "changed").read_bytes() == changes.mark()


def test_file_that_a_full_disk_left_empty_is_filled(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "changed").touch()
    assert changes.mark() != b""


def test_file_that_somebody_removed_is_still_shared_by_who_has_it_open(folder: Path) -> None:
    before = changes.mark()
    (folder / "changed").unlink()
    changes.note()
    assert changes.mark() != before


def test_without_a_file_there_is_no_mark_until_there_can_be_one(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.parent.write_text("in the way")
    assert [changes.mark() for _ in range(3)] == [b""] * 3
    assert len(caplog.records) == 1
    with pytest.raises(OSError, match="data"):
        changes.note()
    folder.parent.unlink()
    assert changes.mark() != b""
