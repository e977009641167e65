"""What we build on: its licences are listed and free, and its known flaws stop `make check`."""

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
FREE = {
    *("MIT", "MIT-0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSD 3-Clause"),
    *("Apache-2.0", "PSF-2.0", "MPL-2.0", "LGPL-3.0", "LGPL-3.0-only"),
}


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "requirements" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_list_of_licences_is_up_to_date() -> None:
    listed = (ROOT / "LICENCES.md").read_text().splitlines()
    missing = [line for line in script("licences").document().splitlines() if line not in listed]
    assert not missing, "run: .venv/bin/python requirements/licences.py > LICENCES.md"


def test_every_dependency_may_be_used_for_commercial_hosting() -> None:
    for name, licence in script("licences").licences().items():
        words = set(re.split(r" AND | OR | or |[()]|; .*: ", licence)) - {""}
        assert words <= FREE, f"{name}: {licence}"


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = script("audit")
    monkeypatch.setattr(module, "STAMP", tmp_path / "stamp")
    return module


def answer(monkeypatch: pytest.MonkeyPatch, *packages: dict[str, Any]) -> list[list[str]]:
    """Have the advisory database know so much; return what it is asked."""
    asked: list[list[str]] = []

    def run(argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(argv)
        return subprocess.CompletedProcess(argv, 0, json.dumps({"dependencies": packages}))

    monkeypatch.setattr(subprocess, "run", run)
    return asked


SOUND: dict[str, Any] = {"name": "a", "version": "1", "vulns": []}
FLAWED = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


def test_a_known_flaw_stops_the_check_each_time(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, SOUND, FLAWED, UNKNOWN)
    assert (audit.main(), audit.main()) == (1, 1)
    assert "b 2: CVE-1, fixed in 2.1" in capsys.readouterr().err


def test_sound_packages_are_asked_about_once_a_day(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, SOUND)
    assert (audit.main(), audit.main()) == (0, 0)
    assert len(asked) == 1


def test_a_database_that_knows_nothing_is_told_and_stops_nothing(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, UNKNOWN)
    assert audit.main() == 0
    assert "were not audited" in capsys.readouterr().out
