"""What load balancers and operators are told, and who is told it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection
from django.test import Client as Browser
from django.utils import timezone

from sms import slots, wake
from sms.lifecycle import LinkState
from sms.models import Link, Slot
from sms.monitoring import health, metrics

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """A broker that is there until a test takes it away."""
    state = {"is_there": True}
    monkeypatch.setattr(wake, "broker_answers", lambda: state["is_there"])
    health.forget_broker()
    return state


def ask(path: str, **headers: str) -> tuple[int, Any]:
    answer = Browser().get(path, headers=headers)
    return answer.status_code, answer.json()


def hold(link: Link, state: LinkState, detail: str = "") -> Slot:
    """Have a worker hold a bind of a link."""
    slot = slots.take(link_id=link.id, owner="worker", binds=1)
    assert slot
    slots.tell(slot, owner="worker", state=state, detail=detail)
    return slot


def test_a_live_process_says_so_without_asking_anybody(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(0):
        assert ask("/health/live") == (200, {"status": "ok"})


def test_a_ready_process_has_its_database_and_broker() -> None:
    assert ask("/health/ready") == (200, {"status": "ok", "database": "ok", "broker": "ok"})


def test_readiness_costs_one_query_once_the_tables_are_known(
    django_assert_num_queries: Any,
) -> None:
    ask("/health/ready")
    with django_assert_num_queries(1):
        ask("/health/ready")


def test_without_a_broker_a_process_is_degraded_and_ready(broker: dict[str, bool]) -> None:
    broker["is_there"] = False
    assert ask("/health/ready") == (
        200,
        {"status": "degraded", "database": "ok", "broker": "away"},
    )


def test_without_its_database_a_process_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    ask("/health/ready")

    def refuse(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(connection, "cursor", refuse)
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own transaction
    assert ask("/health/ready") == (
        503,
        {"status": "unavailable", "database": "away", "broker": "ok"},
    )


class BreakingOnce:
    """A question whose connection broke since the last one."""

    def __init__(self, question: Callable[..., Any], *, times: int) -> None:
        self._question = question
        self.left = times

    def __call__(self, *args: Any) -> Any:
        if self.left:
            self.left -= 1
            raise OperationalError("terminating connection")
        return self._question(*args)


@pytest.mark.parametrize("path", ["/health/links", "/health/links/one", "/metrics"])
@pytest.mark.parametrize(("times", "status"), [(1, 200), (2, 503)])
def test_a_database_that_came_back_is_asked_once_more_and_one_that_is_away_is_told(
    path: str, times: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(Link.objects.create(name="one", host="127.0.0.1"), LinkState.UP)
    metrics.forget()
    monkeypatch.setattr(slots, "links_up", BreakingOnce(slots.links_up, times=times))
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own transaction
    answer = Browser().get(path)
    assert answer.status_code == status
    if status == 503:
        assert answer.json() == {"status": "unavailable", "database": "away"}


def test_a_database_that_came_back_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    ask("/health/ready")
    monkeypatch.setattr(connection, "cursor", BreakingOnce(connection.cursor, times=1))
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own transaction
    assert ask("/health/ready")[0] == 200


def test_before_its_migrations_a_process_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sms'")
    status, answer = ask("/health/ready")
    assert (status, answer["database"]) == (503, "not migrated")


def test_links_are_well_while_every_enabled_one_is_up() -> None:
    hold(Link.objects.create(name="one", host="127.0.0.1"), LinkState.UP)
    Link.objects.create(name="off", host="127.0.0.1", enabled=False)
    status, answer = ask("/health/links")
    assert (status, answer["status"]) == (200, "ok")
    assert {link["name"]: link["status"] for link in answer["links"]} == {
        "off": "disabled",
        "one": "up",
    }


def test_a_link_that_is_down_says_why() -> None:
    link = Link.objects.create(name="one", host="127.0.0.1")
    hold(link, LinkState.REFUSED, "ESME_RBINDFAIL")
    status, answer = ask("/health/links/one")
    assert (status, answer["status"]) == (503, "down")
    assert (answer["binds"][0]["state"], answer["binds"][0]["detail"]) == (
        "refused",
        "ESME_RBINDFAIL",
    )
    assert ask("/health/links")[0] == 503


def test_a_link_whose_worker_died_is_down_whatever_it_said_last() -> None:
    link = Link.objects.create(name="one", host="127.0.0.1")
    slot = hold(link, LinkState.UP)
    assert ask("/health/links/one")[0] == 200
    Slot.objects.filter(id=slot.id).update(owned_until=timezone.now() - timedelta(seconds=1))
    assert ask("/health/links/one")[0] == 503


def test_an_unknown_link_is_not_found() -> None:
    assert ask("/health/links/none")[0] == 404


@pytest.mark.parametrize("path", ["/health/links", "/health/links/one"])
def test_strangers_do_not_learn_the_names_of_links(path: str, settings: LazySettings) -> None:
    settings.MONITORING_TOKEN = "secret"
    assert Browser(REMOTE_ADDR="192.0.2.1").get(path).status_code == 403
    # A proxy on this host brings everybody's requests from 127.0.0.1.
    assert ask(path, x_forwarded_for="127.0.0.1")[0] == 403
    assert ask(path, x_forwarded_for="192.0.2.1", authorization="Bearer wrong")[0] == 403
    assert ask(path, x_forwarded_for="192.0.2.1", authorization="Bearer secret")[0] != 403


def test_an_empty_token_opens_nothing(settings: LazySettings) -> None:
    settings.MONITORING_TOKEN = ""
    far = Browser(REMOTE_ADDR="192.0.2.1")
    assert far.get("/health/links", headers={"authorization": "Bearer "}).status_code == 403


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1%eth0"])
def test_those_near_by_need_no_token(address: str, settings: LazySettings) -> None:
    settings.MONITORING_NETWORKS = ["10.0.0.0/8", "fd00::/8"]
    assert Browser(REMOTE_ADDR=address).get("/health/links").status_code == 200
    assert Browser(REMOTE_ADDR="").get("/health/links").status_code == 403
