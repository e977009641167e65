"""What the scripts of a link's pages do, in Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from sms import slots
from sms.lifecycle import LinkState
from sms.models import Link
from tests.fakes.browser import CHROMIUM, Browser

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
]


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """Where the pages are, without a name: the browser resolves none."""
    return str(live_server.url).replace("localhost", "127.0.0.1")


@pytest.fixture
def browser(tmp_path: Path, site: str) -> Iterator[Browser]:
    client = Client()
    client.force_login(User.objects.create_superuser("staff", password="x"))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    browser = Browser(tmp_path / "profile")
    browser.open(f"{site}/static/sms/admin/live.js")
    browser.run(f"document.cookie = '{settings.SESSION_COOKIE_NAME}={session}; path=/'")
    yield browser
    browser.close()


def test_the_form_shows_what_counts_and_the_state_follows_by_itself(
    browser: Browser, site: str, link: Link
) -> None:
    def is_shown(name: str) -> bool:
        shown = browser.run(f"document.querySelector('[name={name}]').offsetParent !== null")
        return bool(shown)

    browser.open(f"{site}/admin/sms/link/{link.pk}/change/")
    assert is_shown("password") and not is_shown("tls_ca") and not is_shown("ws_port")
    browser.run("document.querySelector('[name=tls]').click()")
    assert is_shown("tls_ca")
    choose = "(e => { e.value = 'sip'; e.dispatchEvent(new Event('change', {bubbles: true})) })"
    browser.run(f"{choose}(document.querySelector('[name=kind]'))")
    assert is_shown("ws_port") and not is_shown("password") and not is_shown("tls")

    on_enter = (
        "[...document.querySelector('#link_form').elements].find(e => e.type === 'submit').name"
    )
    assert browser.run(on_enter) == "_save"

    assert "No worker runs for this link" in browser.text()
    slot = slots.take(link_id=link.pk, owner="a", binds=1)
    slots.tell(slot, owner="a", state=LinkState.UP, detail="bound to acme")
    browser.run("document.querySelector('[data-live-url]').dataset.liveEvery = 100")
    browser.wait("document.body.innerText.includes('bound to acme')")
    assert "No worker runs for this link" not in browser.text()
    assert [words for words in browser.complaints if "favicon" not in words] == []
