"""What a process remembers, and what makes it forget."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts import changes, memory

OTHER_PROCESS = "import django; django.setup(); from accounts import changes; changes.note()"


def counted() -> tuple[Callable[[], int], list[int]]:
    """Make something to read, and a list of how often it was."""
    reads: list[int] = []

    def read() -> int:
        reads.append(1)
        return len(reads)

    return read, reads


def test_what_was_read_is_remembered() -> None:
    read, reads = counted()
    assert [memory.recall("k", read) for _ in range(3)] == [1, 1, 1]
    assert len(reads) == 1


@pytest.mark.parametrize("no", [None, False])
def test_a_no_is_not_remembered(no: bool | None) -> None:
    assert memory.recall("k", lambda: no) is no
    assert memory.recall("k", lambda: True) is True


@pytest.mark.django_db(transaction=True)
def test_change_is_forgotten_once_it_is_committed() -> None:
    read, _ = counted()
    with transaction.atomic():
        memory.forget()
        assert [memory.recall("k", read) for _ in range(2)] == [1, 1]
    assert memory.recall("k", read) == 2


def test_change_of_another_process_is_seen_at_once() -> None:
    read, _ = counted()
    assert memory.recall("k", read) == 1
    subprocess.run([sys.executable, "-c", OTHER_PROCESS], check=True)
    assert memory.recall("k", read) == 2


def test_what_changed_while_it_was_read_is_read_again() -> None:
    def read_late() -> str:
        changes.note()
        return "old"

    assert memory.recall("k", read_late) == "old"
    assert memory.recall("k", lambda: "new") == "new"


def test_what_was_remembered_too_long_is_read_again(settings: Any) -> None:
    settings.CACHE_SECONDS = 0
    read, _ = counted()
    assert [memory.recall("k", read) for _ in range(2)] == [1, 2]


def test_oldest_goes_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 2)
    read, _ = counted()
    assert [memory.recall(key, read) for key in "abc"] == [1, 2, 3]
    assert [memory.recall(key, read) for key in "bca"] == [2, 3, 4]
