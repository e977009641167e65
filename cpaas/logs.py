"""How log lines look: for people, or one JSON object a line for machines."""

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SID = re.compile(r"\bSM[0-9a-f]{32}\b")
_ROWS = re.compile(r"^DETAIL: .*$", re.MULTILINE)
"""PostgreSQL repeats the row that broke a rule: numbers, texts, all of it."""


def process_name() -> str:
    """Name this process as the supervisor and `manage.py run` do, else by its command."""
    if name := os.environ.get("PROCESS_NAME"):
        return name
    program = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    return sys.argv[1] if program == "manage.py" and len(sys.argv) > 1 else program


class LineFormatter(logging.Formatter):
    """For people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatException(self, ei: Any) -> str:
        """Leave out what a row held."""
        return _ROWS.sub("DETAIL: left out", super().formatException(ei))


class JsonFormatter(LineFormatter):
    """For machines: time, level, logger, process, link and message sid where there are any."""

    def __init__(self) -> None:
        super().__init__()
        self._process = process_name()
        self._link = self._process[5:] if self._process.startswith("link.") else None

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        message = record.getMessage()
        sid = getattr(record, "sid", None) or next(iter(_SID.findall(message)), None)
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": self._process,
            "pid": record.process,
            "link": getattr(record, "link", None) or self._link,
            "sid": sid,
            "message": message,
            **getattr(record, "fields", {}),
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        known = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(known, ensure_ascii=False, default=str)
