"""Callbacks made again: by the command, and in the admin."""

from datetime import timedelta

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from sms.models import Callback, CallbackHost, Message
from sms.notify import Notifier
from sms.timeline import timeline
from sms.webhook import host_of
from sms.webhook.sender import Answer
from tests.sms.conftest import Bench, MakeMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(bench: Bench, make_message: MakeMessage) -> Message:
    """A message whose callback was given up a day after it was owed."""
    message = make_message(callback_url="http://app.example/sms", callback_host="app.example:80")
    bench.turn()
    Callback.objects.update(created_at=timezone.now() - timedelta(days=2))
    attempt(500)
    assert Callback.objects.get().state == "failed"
    return message


def attempt(status: int) -> dict[str, str]:
    notifier = Notifier(worker="one")
    (request,) = notifier.claim(10)
    error = None if status < 300 else f"answered {status}"
    notifier.take([Answer(request.key, status=status, error=error, latency_ms=7)])
    notifier.flush()
    return dict(request.headers)


@pytest.mark.parametrize(
    "arguments",
    [
        ["{sid}"],
        ["--host", "app.example"],
        ["--host", "APP.example:80", "--since", "2020-01-01"],
        ["--since", "2020-01-01T10:00:00"],
    ],
)
def test_a_command_has_callbacks_begin_anew(message: Message, arguments: list[str]) -> None:
    call_command("repeatcallbacks", *[text.format(sid=message.sid) for text in arguments])
    callback = Callback.objects.get()
    assert (callback.state, callback.attempts, callback.finished_at) == ("pending", 0, None)
    entry = LogEntry.objects.get(object_repr=message.sid)
    assert entry.additional_data["by"].endswith(" by repeatcallbacks")
    headers = attempt(500)
    assert Callback.objects.get().state == "pending", "it has a whole day again"
    assert headers["webhook-id"] == f"{message.sid}-1", "the receiver may have had it"
    told = [entry.what for entry in timeline(message)]
    # Sorted: within a millisecond, in which tries are timed, all this may happen.
    assert sorted(what for what in told if "callback" in what) == [
        "callback “sent” not taken, try 1",
        "callback “sent” not taken, try 2",
        "callback “sent” owed",
        "staff had callbacks repeated",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["SM" + "0" * 32],
        ["SM1", "--host", "app.example"],
        ["--since", "yesterday"],
        ["--since", "2026-13-01"],
    ],
)
def test_a_command_that_names_nothing_says_so(message: Message, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("repeatcallbacks", *arguments)
    assert Callback.objects.get().state == "failed"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://APP.example/sms", "app.Example"),
        ("http://[2001:DB8::1]/sms", "[2001:db8::1]"),
        ("https://[2001:db8::1]/sms", "[2001:db8::1]:443"),
        ("http://[2001:db8::1]:8080/sms", "[2001:DB8::1]:8080"),
    ],
)
def test_a_host_is_found_however_it_is_written(message: Message, url: str, host: str) -> None:
    Callback.objects.update(host=host_of(url))
    call_command("repeatcallbacks", "--host", host)
    assert Callback.objects.get().state == "pending"


@pytest.mark.parametrize("arguments", [["--host", "other.example"], ["--since", "2100-01-01"]])
def test_a_command_leaves_others_alone(message: Message, arguments: list[str]) -> None:
    call_command("repeatcallbacks", *arguments)
    assert Callback.objects.get().state == "failed"


def test_what_is_under_way_is_left_alone(message: Message) -> None:
    call_command("repeatcallbacks", message.sid)
    (request,) = (notifier := Notifier(worker="one")).claim(10)
    call_command("repeatcallbacks", message.sid)
    notifier.take([Answer(request.key, status=200)])
    notifier.flush()
    assert Callback.objects.get().state == "delivered"


def test_repeating_has_an_open_host_probed_at_once(message: Message) -> None:
    now = timezone.now()
    CallbackHost.objects.update(failures=10, opened_at=now, probe_at=now + timedelta(minutes=5))
    call_command("repeatcallbacks", message.sid)
    attempt(200)
    assert not CallbackHost.objects.exists()


def test_the_admin_repeats_callbacks(message: Message, client: Browser) -> None:
    client.force_login(User.objects.create_superuser("operator"))
    answer = client.post(
        reverse("admin:sms_callback_changelist"),
        {"action": "repeat_callbacks", "_selected_action": Callback.objects.get().pk},
        follow=True,
    )
    assert "1 callback will be made again." in answer.content.decode()
    assert Callback.objects.get().state == "pending"
    assert str(LogEntry.objects.get(object_repr=message.sid).actor) == "operator"
    page = client.get(reverse("admin:sms_callback_change", args=[Callback.objects.get().pk]))
    assert "answered 500" in page.content.decode()


def test_who_may_only_look_may_not_repeat(message: Message, client: Browser) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_callback"))
    client.force_login(viewer)
    client.post(
        reverse("admin:sms_callback_changelist"),
        {"action": "repeat_callbacks", "_selected_action": Callback.objects.get().pk},
    )
    assert Callback.objects.get().state == "failed"
