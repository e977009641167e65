"""The first message: posted through the public API, watched until its last callback."""

import base64
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

from accounts.sids import new_message_sid
from sms import routing, slots
from sms.lifecycle import FINAL, Status
from sms.models import Message, Segment, Slot
from sms.supervisor.console import Console
from sms.supervisor.demo import NUMBER, RECIPIENT, Demo
from sms.supervisor.processes import SIMULATOR
from sms.transports.simulator.receiver import CallbackReceiver

LOOK_S = 0.05
BODY = "Hello from your own SMS platform"

Observe = Callable[[], str | None]
"""Look once; say what was waited for, if it has come."""


class Stranded(Exception):
    """The message did not get through; the text says where it stopped, and why."""


class Journey(threading.Thread):
    """Sends the first message and tells what becomes of it, in a thread of its own."""

    def __init__(self, demo: Demo, console: Console, *, deadline: float) -> None:
        """Prepare it; `deadline` is of the monotonic clock."""
        super().__init__(name="first message", daemon=True)
        self._demo = demo
        self._console = console
        self._deadline = deadline
        self.failure: str | None = None

    def run(self) -> None:
        """Travel; afterwards `failure` holds the reason if it did not arrive."""
        try:
            self._travel()
        except Stranded as stranded:
            self.failure = str(stranded)
        except Exception as error:
            self.failure = f"The first message met an unexpected error: {error!r}."
        finally:
            connection.close()

    def _travel(self) -> None:
        link = self._demo.link
        traits = routing.Traits(new_message_sid(), RECIPIENT, self._demo.account.id, NUMBER, 1)
        if (way := routing.now().choose(traits).way) is None or way.link_name != SIMULATOR:
            raise Stranded(
                f"{RECIPIENT} is not routed to the simulator any more, so no first message is sent."
            )
        self._wait_for(
            lambda: f"bound over SMPP to {link.host}:{link.port}" if self._is_up() else None,
            missing=f"the link {link.name} is not bound to {link.host}:{link.port}",
        )
        with CallbackReceiver(secret=self._demo.account.signing_secret) as receiver:
            sid = self._post(callback_url=f"{receiver.url}status")
            for observe, missing in _steps(sid, receiver):
                self._wait_for(observe, missing=missing, sid=sid)

    def _is_up(self) -> bool:
        return self._demo.link.id in slots.links_up()

    def _line(self) -> str:
        """Say where the line to the carrier stands, when it is not up."""
        slot = Slot.objects.filter(link=self._demo.link).first()
        if slot is None or self._is_up():
            return ""
        return f" (its line is {slot.state}{': ' if slot.detail else ''}{slot.detail})"

    def _post(self, *, callback_url: str) -> str:
        answer = self._request(
            {"From": NUMBER, "To": RECIPIENT, "Body": BODY, "StatusCallback": callback_url}
        )
        self._console.good(f"accepted: {answer['sid']} is {answer['status']}")
        return str(answer["sid"])

    def _request(self, form: dict[str, str]) -> dict[str, Any]:
        """POST to the account's messages.

        Raises Stranded for any answer but a message.
        """
        account = self._demo.account
        credentials = base64.b64encode(f"{account.sid}:{account.auth_token}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310 - our own address
            self._demo.messages_url,
            data=urllib.parse.urlencode(form).encode(),
            headers={"Authorization": f"Basic {credentials}"},
        )
        # A proxy of the environment has no business between us and ourselves.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=10) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            words = error.read().decode(errors="replace").strip()[:200]
            raise Stranded(f"The API refused the message with {error.code}: {words}") from error
        except (OSError, ValueError) as error:
            raise Stranded(f"The API did not take the message: {error}.") from error

    def _wait_for(self, observe: Observe, *, missing: str, sid: str = "") -> None:
        """Look until something is seen, and tell it.

        Raises Stranded at the deadline, or once the message has failed.
        """
        while (seen := observe()) is None:
            if sid and (failure := _failure(sid)):
                raise Stranded(f"The first message {failure}.")
            if time.monotonic() >= self._deadline:
                raise Stranded(f"The first message is late: {missing}{self._line()}.")
            time.sleep(LOOK_S)
        self._console.good(seen)


def _steps(sid: str, receiver: CallbackReceiver) -> Iterator[tuple[Observe, str]]:
    """List what has to happen, in order, each with the words for its absence."""
    yield lambda: _sent(sid), "the carrier did not take it"
    yield lambda: _called(receiver, Status.SENT), "no callback told that it was sent"
    yield lambda: _receipt(sid), "no receipt came from the carrier"
    yield lambda: _delivered(sid), "its receipt did not make it delivered"
    yield lambda: _called(receiver, Status.DELIVERED), "no callback told that it was delivered"


def _sent(sid: str) -> str | None:
    segment = Segment.objects.filter(message__sid=sid).exclude(remote_id="").first()
    return f"sent: the carrier took it as {segment.remote_id}" if segment else None


def _receipt(sid: str) -> str | None:
    segment = Segment.objects.filter(message__sid=sid, receipt_at__isnull=False).first()
    return f"receipt in: {segment.receipt}" if segment else None


def _delivered(sid: str) -> str | None:
    arrived = Message.objects.filter(sid=sid, status=Status.DELIVERED).exists()
    return "delivered" if arrived else None


def _called(receiver: CallbackReceiver, status: Status) -> str | None:
    for request in receiver.received:
        if request.fields.get("MessageStatus") == status:
            proof = "its signature is good" if request.verified else "WITHOUT a good signature"
            return f"status callback received: {status} ({proof})"
    return None


def _failure(sid: str) -> str | None:
    message = Message.objects.get(sid=sid)
    if message.status not in FINAL or message.status == Status.DELIVERED:
        return None
    error = f", {message.error.value} {message.error.text}" if message.error else ""
    return f"ended as {message.status}{error}"
