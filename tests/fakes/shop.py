"""An account at the API's desk, and a link's worker: all that stands between it and an SMSC."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from accounts.models import Account
from sms import sweep
from sms.lifecycle import LinkState
from sms.models import Link, Route, Slot
from sms.worker.link_pump import LinkPump
from tests.sms.api.conftest import Desk

PATIENCE_S = 30.0

End = tuple[str, int | None]
"""Status and error_code, as GET shows them."""


class Shop:
    """POSTs go in at the API, the pump of one link carries them, GETs show what became of them."""

    def __init__(self, account: Account, *, port: int, **link: Any) -> None:
        self.account = account
        self.desk = Desk(account)
        self.link = Link.objects.create(
            **{"name": "acme", "host": "127.0.0.1", "port": port, "system_id": "esme"}
            | {"password": "secret", "response_timeout_s": 3}
            | link
        )
        Route.objects.create(prefix="", link=self.link)
        self.pump = LinkPump(self.link.name)

    def open(self) -> None:
        """Start the worker and wait until the SMSC has bound it."""
        self.pump.start()
        self.wait("the bind", Slot.objects.filter(state=LinkState.UP).exists)

    def close(self) -> None:
        self.pump.stop(PATIENCE_S)

    def send(self, recipients: Iterable[str], **changes: str) -> dict[str, str]:
        """Post a message to each; return the sids by recipient."""
        sids = {}
        for recipient in recipients:
            answer = self.desk.send(To=recipient, **changes)
            assert answer.status_code == 200, answer.content
            sids[recipient] = answer.json()["sid"]
        self.pump.wake()
        return sids

    def show(self, sid: str) -> End:
        """Read what the API says of a message."""
        shown = self.desk.one(sid).json()
        return shown["status"], shown["error_code"]

    def wait_ends(self, sids: Mapping[str, str], expected: Mapping[str, End]) -> None:
        """Wait until every message is what it should be; housekeeping goes on meanwhile."""
        deadline = time.monotonic() + PATIENCE_S
        shown: dict[str, End] = {}
        while shown != expected:
            assert time.monotonic() < deadline, _differences(shown, expected)
            self.sweep()
            time.sleep(0.05)
            # What is as it should be is asked for once more at the end, not in every turn.
            wrong = {to: sid for to, sid in sids.items() if shown.get(to) != expected[to]}
            shown |= {to: self.show(sid) for to, sid in wrong.items()}
        assert {to: self.show(sid) for to, sid in sids.items()} == expected

    def sweep(self) -> None:
        """Do what housekeeping does every second."""
        for task in sweep.TASKS:
            task()

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        """Wait until something holds; housekeeping goes on meanwhile."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            self.sweep()
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(0.02)


def _differences(shown: Mapping[str, End], expected: Mapping[str, End]) -> str:
    wrong = {to: (shown.get(to), end) for to, end in expected.items() if shown.get(to) != end}
    return f"by recipient, what is and what should be: {wrong}"
