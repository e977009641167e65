"""What a SIP client hears."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heard:
    """A message that arrived, as text."""

    start: str
    headers: dict[str, list[str]]
    body: bytes
    size: int = 0
    """Octets of all of it."""
    at: float = field(default_factory=time.monotonic)

    @classmethod
    def read(cls, data: bytes) -> "Heard":
        head, _, body = data.partition(b"\r\n\r\n")
        start, *rows = head.decode().split("\r\n")
        headers: dict[str, list[str]] = {}
        for row in rows:
            name, _, value = row.partition(":")
            headers.setdefault(name.strip().lower(), []).append(value.strip())
        return cls(start, headers, body, len(data))

    @property
    def status(self) -> int:
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    def header(self, name: str) -> str:
        return self.headers.get(name, [""])[0]
