"""An inbound message, door to door: handset, carrier, worker, application, and back."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from sms.transports.simulator.receiver import CallbackReceiver, Received, Reply
from tests.e2e.conftest import new_instance
from tests.e2e.platform import Platform, until

pytestmark = pytest.mark.sockets

OURS = "15005550007"
PERSON, STOPPING = "15551230000", "15551240000"
LONG = "A text of three parts. " * 18
FROM_PERSON = {"from": PERSON, "to": OURS}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with new_instance(tmp_path_factory.mktemp("inbound") / "data") as instance:
        with closing(Platform(instance)) as platform:
            until("the bind", lambda: platform.carrier.stats()["binds"])
            yield platform


def answer(request: Received) -> Reply:
    """Reply to everything, by a document at another URL."""
    next_page = "<Redirect>/reply</Redirect>"
    text = f"<Sms>You sent {len(request.fields.get('Body', ''))} characters.</Sms>"
    inner = text if urlsplit(request.path).path == "/reply" else next_page
    return Reply(200, f"<Response>{inner}</Response>".encode(), (("Content-Type", "text/xml"),))


@pytest.fixture(scope="module")
def application(platform: Platform) -> Iterator[CallbackReceiver]:
    with CallbackReceiver(reply=answer) as receiver:
        words = ("addnumber", platform.customer.sid, OURS, "--sms-url", receiver.url, "--json")
        assert platform.instance.manage(*words).returncode == 0
        yield receiver


def calls(application: CallbackReceiver, person: str) -> list[dict[str, str]]:
    every = (request.fields for request in application.received)
    return [fields for fields in every if fields["From"] == person]


def replies(platform: Platform, person: str) -> list[tuple[str, str]]:
    sent = platform.customer.listed(From=OURS, To=person)
    return [(m["status"], m["body"]) for m in sent if m["direction"] == "outbound-reply"]


def test_parts_round_the_death_of_a_worker_make_one_message_and_one_reply(
    platform: Platform, application: CallbackReceiver
) -> None:
    parts: dict[str, str | int] = {**FROM_PERSON, "text": LONG, "way": "udh16", "reference": 777}
    acked = platform.carrier.stats()["mo_acked"]
    assert platform.carrier.send_inbound(**parts, missing="2", repeat="1") == 3
    until("their acknowledgement", lambda: platform.carrier.stats()["mo_acked"] == acked + 3)
    pid = platform.pid("link.storm")
    assert pid
    os.kill(pid, signal.SIGKILL)
    until("another worker", lambda: platform.pid("link.storm") not in (None, pid))
    assert platform.carrier.send_inbound(**parts, missing="1,3", repeat="2") == 2
    until("both calls", lambda: len(calls(application, PERSON)) == 2, 60)
    until("the rest", lambda: platform.carrier.stats()["mo_acked"] == acked + 5)
    assert {call["Body"] for call in calls(application, PERSON)} == {LONG}
    (message,) = platform.customer.listed(To=OURS, From=PERSON)
    assert (message["status"], message["direction"]) == ("received", "inbound")
    assert (message["num_segments"], message["body"]) == (3, LONG)
    reply = [("delivered", f"You sent {len(LONG)} characters.")]
    until("the reply", lambda: replies(platform, PERSON) == reply)
    assert "its application replied" in platform.timeline(message["sid"])
    assert len(calls(application, PERSON)) == 2


def test_who_writes_stop_is_sent_nothing_more(
    platform: Platform, application: CallbackReceiver
) -> None:
    def confirmed() -> list[str]:
        every = replies(platform, STOPPING)
        return [status for status, body in every if "no more messages" in body]

    platform.carrier.send_inbound(**{"from": STOPPING, "to": OURS}, text="Stop!")
    until("the confirmation", lambda: confirmed() == ["delivered"])
    until("both calls", lambda: len(calls(application, STOPPING)) == 2)
    assert calls(application, STOPPING)[0]["OptOutType"] == "STOP"
    submits = platform.carrier.stats()["submits"]
    sid = platform.customer.post(STOPPING, "News!", sender=OURS)
    until("its end", lambda: platform.customer.get(sid)["status"] == "failed")
    assert platform.customer.get(sid)["error_code"] == 30004
    # The application's own reply to the word is among what does not go out.
    refused = ("failed", "You sent 5 characters.")
    until("its reply's end", lambda: refused in replies(platform, STOPPING))
    assert platform.carrier.stats()["submits"] == submits
