"""Ask the advisory database about the pinned packages, once a day: `audit.py`.

A known vulnerability fails `make check`. A database that does not answer does not: the same
commit must pass at a desk without a network. It is said, though, and asked again tomorrow.
"""

import datetime
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINNED = ROOT / "requirements" / "base.txt"
STAMP = ROOT / ".venv" / ".audited"
PATIENCE_S = 60


def main() -> int:
    """Return 1 for a known vulnerability, else 0."""
    today = f"{datetime.date.today()} {hashlib.sha256(PINNED.read_bytes()).hexdigest()}"
    if STAMP.exists() and STAMP.read_text() == today:
        return 0
    answered = ask()
    if answered is None:
        print("The advisory database does not answer; the packages were not audited.")  # noqa: T201
    found = vulnerable(answered or [])
    for line in found:
        print(line, file=sys.stderr)  # noqa: T201
    if not found:
        STAMP.write_text(today)
    return int(bool(found))


def ask() -> list[dict[str, Any]] | None:
    """Return what is known of each pinned package; None when nothing is known of any."""
    argv = [sys.executable, "-m", "pip_audit", "--requirement", str(PINNED), "--format", "json"]
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [*argv, *options], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    # An index without advisories knows none of them.
    known = [package for package in packages if "skip_reason" not in package]
    return known or None


def vulnerable(packages: list[dict[str, Any]]) -> list[str]:
    """Write a line for each known vulnerability."""
    return [
        f"{package['name']} {package['version']}: {flaw['id']}, fixed in "
        f"{', '.join(flaw['fix_versions']) or 'no version yet'}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]


if __name__ == "__main__":
    sys.exit(main())
