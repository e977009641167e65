"""A browser without a window: Chromium, driven over a pair of pipes.

It resolves no name and so reaches nothing but addresses; the pages under test are at 127.0.0.1.
Source: the Chrome DevTools Protocol, in its flat sessions.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
PATIENCE_S = 30.0
_LOOK_S = 0.05

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # which root may not use
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=900,700",
    "--remote-debugging-pipe",
)


class Browser:
    """One page."""

    def __init__(self, profile: Path) -> None:
        """Start it, with its profile in a folder of its own."""
        assert CHROMIUM
        theirs_in, self._out = _pipe()
        self._in, theirs_out = _pipe()
        # It reads commands from descriptor 3 and answers on 4.
        plumbing = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        options = (*_OPTIONS, f"--user-data-dir={profile}", "about:blank")
        self._process = subprocess.Popen(
            ("bash", "-c", plumbing, "bash", CHROMIUM, *options),
            pass_fds=(theirs_in, theirs_out),
            env={**os.environ, "HOME": str(profile)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._unread = b""
        self._number = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        """What its console says of errors, those of content policies among them."""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Open a page, and wait until its scripts have run."""
        opened = self._ask("Page.navigate", url=url)
        assert "errorText" not in opened, opened
        self.wait(f"location.href === {url!r} && document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page."""
        answer = self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression holds in the page."""
        until = time.monotonic() + PATIENCE_S
        while not self.run(condition):
            assert time.monotonic() < until, f"in vain: {condition}; {self.text()}"
            time.sleep(_LOOK_S)

    def fill_in(self, form: str, **fields: str) -> None:
        """Fill in a form, by its id, and press its button."""
        for name, value in fields.items():
            self.run(f"document.querySelector('#{form} [name={name}]').value = {json.dumps(value)}")
        self.run(f"document.querySelector('#{form} button').click()")

    def wait_text(self, text: str) -> None:
        """Wait until the page shows a text."""
        self.wait(f"document.body.innerText.includes({json.dumps(text)})")

    def text(self) -> str:
        """Read what the page shows."""
        return str(self.run("document.body.innerText"))

    def look(self, *, width: int, height: int = 900, dark: bool = False) -> None:
        """Give the page a size and a theme; up to 500 pixels it is a phone's."""
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width <= 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])

    def cookie(self, name: str, value: str, url: str) -> None:
        """Have the browser send a cookie."""
        self._ask("Network.setCookie", name=name, value=value, url=url)

    def screenshot(self, *, kind: str = "png", quality: int | None = None) -> bytes:
        """Take a picture: a PNG, or a WebP of some quality."""
        asked: dict[str, object] = {"format": kind} | ({"quality": quality} if quality else {})
        return base64.b64decode(self._ask("Page.captureScreenshot", **asked)["data"])

    def close(self) -> None:
        """End it."""
        self._session = None
        try:
            self._ask("Browser.close")
            self._process.wait(10)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def _ask(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        command: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while (told := self._read()).get("id") != self._number:
            self._hear(told)
        assert "error" not in told, told
        result: dict[str, Any] = told["result"]
        return result

    def _hear(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(event["params"]["exceptionDetails"]))
        if event.get("method") == "Log.entryAdded":
            entry = event["params"]["entry"]
            if entry["level"] == "error":
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            assert select.select([self._in], [], [], PATIENCE_S)[0], "the browser is silent"
            data = os.read(self._in, 1 << 20)
            assert data, "the browser is gone"
            self._unread += data
        first, _, self._unread = self._unread.partition(b"\0")
        told: dict[str, Any] = json.loads(first)
        return told


def _pipe() -> tuple[int, int]:
    """Make a pipe whose descriptors are not those that the browser's own will be."""
    low = os.pipe()
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return reading, writing
