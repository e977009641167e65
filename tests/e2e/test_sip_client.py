"""A person with a browser, and the SIP edge: the page of `make run`, in Chromium."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import basic
from tests.e2e.conftest import Served
from tests.fakes.browser import CHROMIUM, Browser

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
]

OWN_NUMBER = "15005550006"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.close()


@pytest.fixture
def ask(served: Served) -> Ask:
    """Ask the API, as the account that `make run` has made."""
    served.wait_for("serving; Ctrl-C stops it")
    url = served.wait_for(r"http://\S+/SMS/Messages\.json").group()
    sid, token = (served.wait_for(rf"{name}\s+(\S+)")[1] for name in ("sid", "token"))

    def ask(**form: str) -> dict[str, Any]:
        data = urllib.parse.urlencode(form).encode() or None
        headers = {"Authorization": basic(sid, token)}
        request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            answered: dict[str, Any] = json.load(answer)
            return answered

    return ask


def until(what: str, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def test_alice_logs_in_by_browser_reads_what_comes_and_writes(
    served: Served, ask: Ask, browser: Browser, tmp_path: Path
) -> None:
    page = served.wait_for(r"http://\S+/sip-client/").group()
    password = served.wait_for(r"alice@\S+ password (\S+)")[1]
    browser.open(page)
    browser.fill_in("write", to="client:bob", text="too early")
    browser.wait_text("log in first")
    browser.fill_in("log-in", password="wrong")
    browser.wait_text("log-in failed")
    browser.fill_in("log-in", password=password)
    browser.wait_text("logged in as alice")

    empty = browser.screenshot()
    text = "Grüße, 東京 <b>&amp; 🎉"
    sent = ask(From=OWN_NUMBER, To="client:alice", Body=text)
    browser.wait_text(f"from {OWN_NUMBER}: {text}")
    assert browser.screenshot() != empty

    browser.fill_in("write", to="15551230000", text="Hallo, Welt €")
    browser.fill_in("write", to="client:nobody-here", text="Anybody?")
    browser.wait("document.querySelectorAll('li.out small:not(:empty)').length === 2")
    assert "Hallo, Welt € accepted" in browser.text()
    assert "Anybody? 404 Not Found" in browser.text()

    def listed(**wanted: str) -> bool:
        return any(
            all(message[name] == value for name, value in wanted.items())
            for message in ask()["messages"]
        )

    until("the receipts", lambda: listed(sid=sent["sid"], status="delivered"))
    until(
        "what alice wrote",
        lambda: listed(to="15551230000", body="Hallo, Welt €", status="delivered"),
    )
    assert browser.complaints == []
    # To be looked at: pytest keeps the folders of its last runs.
    (tmp_path / "sip-client.png").write_bytes(browser.screenshot())
