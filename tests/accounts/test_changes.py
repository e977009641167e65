"""The mark that tells the processes of a host of a change."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts import changes

OTHER_PROCESS = "import django; django.setup(); from accounts import changes; print({})"


def other_process(expression: str) -> str:
    words = [sys.executable, "-c", OTHER_PROCESS.format(expression)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder that no process has shared a mark in yet."""
    folder = tmp_path / "data" / "run"
    monkeypatch.setattr(changes, "_FOLDER", folder)
    monkeypatch.setattr(changes, "_FILE", folder / "changed")
    changes._shared.cache_clear()
    yield folder
    changes._shared.cache_clear()


def test_mark_stays_until_a_change_is_noted() -> None:
    marks = [changes.mark() for _ in range(2)]
    assert marks[0] == marks[1] != b""
    changes.note()
    assert changes.mark() != marks[0]


def test_all_processes_read_one_mark() -> None:
    assert other_process("changes.mark().hex()") == changes.mark().hex()
    before = changes.mark()
    other_process("changes.note()")
    assert changes.mark() != before


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


def test_without_a_file_there_is_no_mark_until_there_can_be_one(folder: Path) -> None:
    folder.parent.write_text("in the way")
    assert changes.mark() == b""
    with pytest.raises(OSError, match="data"):
        changes.note()
    folder.parent.unlink()
    assert changes.mark() != b""
