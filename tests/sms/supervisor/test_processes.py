"""The table of processes follows the links."""

import pytest
from django.conf import LazySettings

from sms.models import Link
from sms.supervisor.child import Process
from sms.supervisor.processes import reachable, wanted

pytestmark = pytest.mark.django_db


def names() -> list[str]:
    return [process.name for process in wanted()]


def worker(name: str) -> Process:
    return next(process for process in wanted() if process.name == name)


@pytest.fixture(autouse=True)
def embedded(settings: LazySettings) -> None:
    settings.EMBEDDED_BROKER = True


def test_an_instance_without_links_has_its_own_broker_and_no_simulator() -> None:
    assert names() == ["broker", "housekeeping", "notify", "web"]


def test_a_broker_elsewhere_is_not_started(settings: LazySettings) -> None:
    settings.EMBEDDED_BROKER = False
    assert names() == ["housekeeping", "notify", "web"]


def test_each_enabled_link_has_a_worker() -> None:
    Link.objects.create(name="one", host="127.0.0.1")
    Link.objects.create(name="two", host="127.0.0.1", enabled=False)
    assert names() == ["broker", "housekeeping", "notify", "link.one", "web"]


def test_the_simulator_runs_for_its_link() -> None:
    Link.objects.create(name="simulator", host="127.0.0.1")
    assert "simulator" in names()
    Link.objects.update(enabled=False)
    assert "simulator" not in names()


def test_a_link_with_several_binds_has_a_worker_for_each_on_one_queue() -> None:
    Link.objects.create(name="one", host="127.0.0.1", binds=3)
    assert names() == [
        "broker", "housekeeping", "notify", "link.one", "link.one.2", "link.one.3", "web"
    ]  # fmt: skip
    for name in ("link.one", "link.one.3"):
        argv = worker(name).argv
        assert argv[argv.index("--queues") + 1] == "link.one"
        assert argv[argv.index("--hostname") + 1].startswith(f"{name}@%h.")


def test_an_edited_link_keeps_its_workers_which_follow_by_themselves() -> None:
    link = Link.objects.create(name="one", host="127.0.0.1")
    before = worker("link.one")
    link.host = "localhost"
    link.binds = 2
    link.save()
    assert worker("link.one") == before


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("", "127.0.0.1"), ("10.0.0.1", "10.0.0.1")],
)
def test_a_server_on_every_address_is_reached_on_loopback(host: str, address: str) -> None:
    assert reachable(host) == address
