"""Another shell: a `manage.py` command in a process of its own, on the database of the tests."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).parents[2]


def manage(*words: str, said: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command that hears `said`. Its rows are seen by tests outside a transaction."""
    return subprocess.run(
        (sys.executable, str(ROOT / "manage.py"), *words),
        env={
            **os.environ,
            "DATA_DIR": str(settings.DATA_DIR),
            "DATABASE_URL": _database_url(),
            "ENCRYPTION_KEY": settings.ENCRYPTION_KEYS,
            **environment,
        },
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _database_url() -> str:
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}"))
