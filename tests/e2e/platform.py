"""A running platform with its carrier and its customer: what a person would have around it."""

import http.client
import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sms.transports.simulator.receiver import CallbackReceiver
from tests.conftest import basic
from tests.e2e.conftest import MANAGE, Instance, Served

NUMBER = "15005550006"
FINAL = {"delivered", "undelivered", "failed"}


def until(what: str, condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Look again and again until a condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


class Carrier:
    """The SMSC simulator in a process of its own, and its control port."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            (*MANAGE, "smsc_simulator", "--port", "0", "--control-port", "0", "--track", "1"),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.port, self._control_port = (self._read_port() for _ in range(2))

    def _read_port(self) -> int:
        assert self._process.stdout
        line = self._process.stdout.readline()
        found = re.search(r":(\d+)\.$", line.strip())
        assert found, line
        return int(found[1])

    def stats(self) -> dict[str, int]:
        """Count what happened so far."""
        return self._ask("stats")

    def turn(self, **knobs: int) -> None:
        """Turn knobs."""
        self._ask("set", **knobs)

    def drop(self) -> None:
        """Cut every line."""
        self._ask("drop", now=1)

    def send_inbound(self, **form: str | int) -> int:
        """Send a message from a handset; return how many PDUs it came in."""
        return self._ask("mo", **form)["pdus"]

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.communicate(timeout=10)

    def _ask(self, what: str, **form: str | int) -> dict[str, int]:
        data = urllib.parse.urlencode(form).encode() if form else None
        url = f"http://127.0.0.1:{self._control_port}/{what}"
        with urllib.request.urlopen(url, data, timeout=10) as answer:
            counted: dict[str, int] = json.load(answer)
            return counted


class Customer:
    """An account, a number of its own, and the server that its callbacks go to."""

    def __init__(self, instance: Instance) -> None:
        account = json.loads(instance.manage("createaccount", "Shop", "--json").stdout)
        self.sid: str = account["sid"]
        instance.manage("addnumber", account["sid"], NUMBER, "--json")
        self.receiver = CallbackReceiver()
        self.receiver.start()
        self._port = int(instance.environment["HTTP_PORT"])
        self._path = f"/2012-04-24/Accounts/{account['sid']}/SMS/Messages"
        self._headers = {
            "Authorization": basic(account["sid"], account["auth_token"]),
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection to the API."""
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)

    def post(
        self,
        recipient: str,
        body: str,
        connection: http.client.HTTPConnection | None = None,
        *,
        sender: str = NUMBER,
    ) -> str:
        """Send a message and return its sid."""
        form = {"From": sender, "To": recipient, "Body": body, "StatusCallback": self.receiver.url}
        content = urllib.parse.urlencode(form)
        return str(self._request(connection, "POST", f"{self._path}.json", content)["sid"])

    def get(self, sid: str, connection: http.client.HTTPConnection | None = None) -> dict[str, Any]:
        """Read a message."""
        return self._request(connection, "GET", f"{self._path}/{sid}.json")

    def listed(self, **query: str) -> list[dict[str, Any]]:
        """List messages, newest first."""
        page = self._request(None, "GET", f"{self._path}.json?{urllib.parse.urlencode(query)}")
        messages: list[dict[str, Any]] = page["messages"]
        return messages

    def callbacks(self) -> dict[str, list[str]]:
        """List the statuses that callbacks told, by message, in their order, repeats left out."""
        told: defaultdict[str, list[str]] = defaultdict(list)
        for request in self.receiver.received:
            status = request.fields["MessageStatus"]
            if status not in (statuses := told[request.fields["MessageSid"]]):
                statuses.append(status)
        return told

    def wait_final(self, *sids: str, timeout_s: float = 30.0) -> None:
        """Wait until callbacks have told the end of messages."""

        def all_told() -> bool:
            told = self.callbacks()
            return all(FINAL & set(told[sid]) for sid in sids)

        until(f"the end of {len(sids)} messages", all_told, timeout_s)

    def _request(
        self,
        connection: http.client.HTTPConnection | None,
        method: str,
        path: str,
        content: str | None = None,
    ) -> dict[str, Any]:
        connection = connection or self.connect()
        connection.request(method, path, content, self._headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        message: dict[str, Any] = json.loads(text)
        return message


class Platform:
    """An instance with one link, `storm`, that carries every number."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        instance.environment["CALLBACK_ALLOWED_NETWORKS"] = "127.0.0.0/8"
        self.carrier = Carrier(instance.environment)
        self.served: Served | None = None
        try:
            self.start()
            self.customer = Customer(instance)
            self.add_link("storm", prefix="")
        except BaseException:  # or it would run on, beside all tests to come
            self.close()
            raise

    def start(self) -> Served:
        """Serve."""
        self.served = self.instance.start()
        self.served.wait_for("serving; Ctrl-C stops it")
        return self.served

    def add_link(self, name: str, *, prefix: str) -> None:
        """Add a link to the carrier, with a route."""
        where = ("--host", "127.0.0.1", "--port", str(self.carrier.port))
        # A login of its own: the carrier brings a receipt over any bind of the same login.
        self._manage("addlink", name, *where, "--system-id", name, "--json")
        self._manage("addroute", prefix, name, "--json")

    def enable(self, link: str, is_enabled: bool) -> None:
        """Enable or disable a link, as an operator does in the admin."""
        rows = f"Link.objects.filter(name={link!r})"
        self._manage(
            *("shell", "-v", "0", "-c"),
            f"from sms.models import Link; {rows}.update(enabled={is_enabled})",
        )

    def timeline(self, sid: str) -> str:
        """Print what happened to a message."""
        return self._manage("timeline", sid)

    def pid(self, name: str) -> int | None:
        """Read the pid of one of its processes."""
        return self.instance.pids().get(name)

    def close(self) -> None:
        """End everything."""
        if self.served:
            self.served.close()
        self.carrier.close()
        if customer := getattr(self, "customer", None):
            customer.receiver.close()

    def _manage(self, *words: str) -> str:
        run = self.instance.manage(*words)
        assert run.returncode == 0, run.stderr
        return run.stdout


def is_running(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
