"""Ask a process of this host whether it works: `python -m cpaas.health web|notify|link.NAME|…`.

By its exit code, for the health checks of containers. Loads no Django: it is run every few
seconds beside each process.
"""

import http.client
import sys
from pathlib import Path

from cpaas.env import DATA_DIR, envint, envstr
from cpaas.heartbeat import TOO_OLD_S, age_s, beat_file

PATIENCE_S = 5


def main(names: list[str]) -> int:
    """Print what is wrong and return 1, or return 0."""
    if not names:
        sys.stderr.write("Name processes: web, housekeeping, notify, link.NAME.\n")
        return 2
    wrong = [word for name in names if (word := what_is_wrong(name))]
    for word in wrong:
        sys.stderr.write(f"{word}\n")
    return int(bool(wrong))


def what_is_wrong(name: str, data_dir: Path = DATA_DIR) -> str:
    """Say in one sentence why a process does not work; "" where it does."""
    if name == "web":
        return _web()
    age = age_s(beat_file(data_dir, name))
    if age is None:
        return f"{name} does not run with DATA_DIR={data_dir}."
    return f"{name} gave its last sign {age:.0f} s ago." if age > TOO_OLD_S else ""


def _web() -> str:
    host = envstr("HTTP_HOST", "127.0.0.1")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    web = http.client.HTTPConnection(host, envint("HTTP_PORT", 8000), timeout=PATIENCE_S)
    try:
        web.request("GET", "/health/ready")
        answer = web.getresponse()
        body = answer.read(4096).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"web does not answer: {error or type(error).__name__}."
    finally:
        web.close()
    return "" if answer.status == 200 else f"web is not ready: {body}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
