"""A careful customer: posts at a steady rate, and again under the same key until answered."""

import http.client
import json
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass

THREADS = 8
PATIENCE_S = 120.0
AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that was accepted."""

    sid: str
    recipient: str
    at: float
    """When it was answered, on the monotonic clock."""


class Customer:
    """Posts in threads until it is told to stop."""

    def __init__(
        self,
        *,
        port: int,
        path: str,
        authorization: str,
        form: dict[str, str],
        first_recipient: int,
        rate: float,
    ) -> None:
        self._port = port
        self._path = path
        self._headers = {
            "Authorization": authorization,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._form = form
        self._first = first_recipient
        self._interval_s = THREADS / rate
        self._over = threading.Event()
        self.accepted: list[Posted] = []
        self.refused: list[str] = []
        """Answers other than 200 and 5xx, and posts that were never answered."""
        self.repeats = 0
        """Posts that had to be made again."""
        self._threads = [
            threading.Thread(target=self._work, args=(number,)) for number in range(THREADS)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Post nothing new, and wait for what is under way."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        due = time.monotonic() + number * self._interval_s / THREADS
        while not self._over.wait(max(0.0, due - time.monotonic())):
            self._post(connection, str(self._first + number))
            number += THREADS
            due += self._interval_s

    def _post(self, connection: http.client.HTTPConnection, recipient: str) -> None:
        content = urllib.parse.urlencode(self._form | {"To": recipient, "Body": f"to {recipient}"})
        headers = self._headers | {"Idempotency-Key": str(uuid.uuid4())}
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                connection.request("POST", self._path, content, headers)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
            else:
                if answer.status == 200:
                    sid = json.loads(text)["sid"]
                    self.accepted.append(Posted(sid, recipient, time.monotonic()))
                    return
                if answer.status < 500 and answer.status not in (409, 429):
                    self.refused.append(f"{answer.status} {text[:200]!r}")
                    return
            self.repeats += 1
            time.sleep(AGAIN_S)
        self.refused.append("never answered")
