"""The map of each package is its docstring: it names every room, and none that is gone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DJANGOS = {"apps", "commands", "locale", "management", "migrations", "static", "templates"}
"""Where Django looks by itself."""
NAMED = re.compile(r"^ *([a-z_]+)(\.py|/)", re.MULTILINE)


def packages() -> Iterator[Path]:
    for app in ("accounts", "cpaas", "sms", "staff"):
        for init in sorted((ROOT / app).rglob("__init__.py")):
            if not DJANGOS & set(init.relative_to(ROOT).parts):
                yield init.parent


def rooms(package: Path) -> set[str]:
    modules = {path.stem for path in package.glob("*.py")}
    return (modules | {path.parent.name for path in package.glob("*/__init__.py")}) - {"__init__"}


@pytest.mark.parametrize("package", list(packages()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_names_its_rooms_and_no_other(package: Path) -> None:
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    words = set(re.findall(r"[a-z_]+", text))
    there = rooms(package)
    assert not (there - DJANGOS - words), "not on the map"
    assert not {name for name, _ in NAMED.findall(text)} - there - DJANGOS, "gone, or never there"
