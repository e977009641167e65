"""The demo's data: made once, left alone afterwards."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User

from accounts.models import Account, Client, PhoneNumber
from accounts.sids import new_message_sid
from cpaas import env
from sms import routing
from sms.models import Link, Route
from sms.supervisor.demo import (
    NUMBER,
    RECIPIENT,
    allow_loopback_callbacks,
    seed,
    show_sip_client,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(env, "DATA_DIR", tmp_path)


def test_everything_a_first_message_needs_is_there() -> None:
    demo = seed()
    assert demo.account.numbers.get().number == NUMBER
    assert demo.account.clients.get().login == "alice"
    traits = routing.Traits(new_message_sid(), RECIPIENT, demo.account.id, NUMBER, 1)
    way = routing.now().choose(traits).way
    assert way
    assert way.link_id == demo.link.id
    admin = User.objects.get()
    assert admin.is_superuser
    assert admin.check_password(demo.password)


def test_a_second_start_changes_nothing() -> None:
    first, second = seed(), seed()
    assert first == second
    tables = (Account, PhoneNumber, Client, Route, User)
    assert [table.objects.count() for table in tables] == [1] * len(tables)
    assert sorted(Link.objects.values_list("name", flat=True)) == ["simulator", "sip"]


def test_a_route_that_was_removed_stays_removed() -> None:
    seed()
    Route.objects.all().delete()
    seed()
    assert not Route.objects.exists()


def test_the_link_follows_the_port_of_this_start(settings: LazySettings) -> None:
    seed()
    settings.SMPP_PORT = 12345
    assert seed().link.port == Link.objects.get(name="simulator").port == 12345


def test_the_edge_follows_the_ports_of_this_start_and_alice_is_told_where(
    settings: LazySettings,
) -> None:
    seed()
    settings.SIP_PORT, settings.SIP_WS_PORT = 12346, 12347
    summary = "\n".join(seed().summary())
    edge = Link.objects.get(name="sip")
    assert (edge.kind, edge.port, edge.ws_port) == ("sip", 12346, 12347)
    assert f"alice@{settings.SIP_DOMAIN}" in summary
    assert ":12346, UDP or TCP" in summary and ":12347 for browsers" in summary


def test_an_edge_that_was_disabled_stays_so_and_is_not_advertised() -> None:
    seed()
    Link.objects.filter(name="sip").update(enabled=False)
    assert "SIP" not in "\n".join(seed().summary())
    assert not Link.objects.get(name="sip").enabled


def test_a_password_that_somebody_set_is_not_shown_nor_reset() -> None:
    seed()
    admin = User.objects.get()
    admin.set_password("chosen by hand")
    admin.save()
    demo = seed()
    assert demo.password == ""
    assert any("the password you have set" in line for line in demo.summary())
    assert User.objects.get().check_password("chosen by hand")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], "127.0.0.0/8"),
        (["10.0.0.0/8"], "10.0.0.0/8,127.0.0.0/8"),
        (["127.0.0.0/8"], "127.0.0.0/8"),
    ],
)
def test_loopback_callbacks_are_allowed_beside_what_was_set(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, before: list[str], after: str
) -> None:
    monkeypatch.setenv("CALLBACK_ALLOWED_NETWORKS", "")
    settings.CALLBACK_ALLOWED_NETWORKS = before
    allow_loopback_callbacks()
    assert env.envstr("CALLBACK_ALLOWED_NETWORKS") == after


@pytest.mark.parametrize(("before", "is_shown"), [("", True), ("1", True), ("0", False)])
def test_the_page_of_the_sip_client_is_served_unless_that_was_ruled_out(
    monkeypatch: pytest.MonkeyPatch, before: str, is_shown: bool
) -> None:
    monkeypatch.setenv("SIP_CLIENT_PAGE", before)
    show_sip_client()
    assert env.envbool("SIP_CLIENT_PAGE", False) is is_shown
    assert any(line.endswith("/sip-client/") for line in seed().summary()) is is_shown
