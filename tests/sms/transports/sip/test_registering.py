"""An edge over real sockets: who may register, and how they are known again."""

from dataclasses import replace

import pytest

from sms.lifecycle import Status
from sms.transports.base import (
    Accepted,
    Inbound,
    Receipt,
)
from tests.fakes.sip_office import subscriber
from tests.sms.transports.sip.conftest import Bench, MakeBench, say, send

pytestmark = pytest.mark.sockets

KINDS = ["UDP", "TCP", "WS"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_registers_hears_and_says_something(bench: Bench, kind: str) -> None:
    alice = bench.registered(kind=kind)
    assert isinstance(send(bench, text="Grüße € 😀"), Accepted)
    (message,) = alice.wait_messages(1)
    assert message.body.decode() == "Grüße € 😀"
    assert message.start == f"MESSAGE {alice.contact} SIP/2.0"
    assert message.header("from").startswith("<sip:15005550006@127.0.0.1>")
    bench.sink.wait_reports(1)
    receipt = bench.sink.reports.pop()
    assert isinstance(receipt, Receipt) and receipt.status is Status.DELIVERED
    assert say(bench, alice, "bob", "Hi").status == 202
    inbound = bench.sink.reports[-1]
    assert isinstance(inbound, Inbound)
    assert (inbound.login, inbound.recipient, inbound.text) == ("alice", "bob", "Hi")


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("SHA-256", "MD5")])
def test_a_client_is_offered_what_its_record_says(
    bench: Bench, algorithms: tuple[str, ...]
) -> None:
    bench.office.subscribers["alice"] = subscriber("alice", *algorithms)
    alice = bench.client()
    first = alice.exchange(alice.request("REGISTER", "sip:127.0.0.1", to=f"<{alice.user}>"))
    offers = first.headers["www-authenticate"]
    assert [o.partition("algorithm=")[2].partition(",")[0] for o in offers] == list(algorithms)
    for algorithm in algorithms:
        assert alice.register(algorithm=algorithm).status == 200


def test_strangers_and_wrong_passwords_get_the_same_401(bench: Bench) -> None:
    for client in (
        bench.client("nobody"),
        bench.client("alice", password="wrong"),
        bench.client("Alice"),
    ):
        assert client.register().status == 401
        assert client.say("bob", "Hi").status == 401
    assert not bench.office.bindings and not bench.sink.reports


def test_a_disabled_client_and_another_address_are_refused(bench: Bench) -> None:
    bob = bench.client("bob")
    bob.user = "sip:alice@127.0.0.1"
    assert bob.register().status == 403
    known = bench.office.subscribers["alice"]
    bench.office.subscribers["alice"] = replace(known, is_enabled=False)
    assert bench.client().register().status == 401


def test_a_count_serves_once_and_a_stale_nonce_is_said_to_be_stale(bench: Bench) -> None:
    alice = bench.client()
    uri, to = "sip:127.0.0.1", f"<{alice.user}>"
    first = alice.exchange(alice.request("REGISTER", uri, to=to))
    header = alice.authorization(first, "REGISTER", uri)
    assert alice.exchange(alice.request("REGISTER", uri, to=to, headers=header)).status == 200
    again = alice.exchange(alice.request("REGISTER", uri, to=to, headers=header))
    assert again.status == 401 and "stale=true" in again.header("www-authenticate")
    more = alice.authorization(first, "REGISTER", uri, nc=2)
    assert alice.exchange(alice.request("REGISTER", uri, to=to, headers=more)).status == 200


def test_expiries_are_kept_within_bounds(bench: Bench) -> None:
    alice = bench.client()
    brief = alice.register(expires=30)
    assert (brief.status, brief.header("min-expires")) == (423, "60")
    assert alice.register(expires=99999).header("contact").endswith("expires=3600")
    assert alice.register(expires=0).headers.get("contact") is None
    assert not bench.office.bindings


def test_a_star_takes_all_contacts_back(bench: Bench) -> None:
    alice = bench.registered()
    other = bench.registered(kind="TCP")
    assert len(bench.office.bindings) == 2
    assert alice.register(contact="*").status == 400
    assert other.register(contact="*", headers="Expires: 0\r\n").status == 200
    assert not bench.office.bindings


def test_a_device_that_comes_from_elsewhere_takes_its_own_place(bench: Bench) -> None:
    contact = '<sip:alice@192.0.2.1:1;ob>;+sip.instance="<urn:uuid:7>";reg-id=1;expires=600'
    for _ in range(2):
        alice = bench.client()
        answer = alice.register(contact=contact)
        assert '+sip.instance="<urn:uuid:7>"' in answer.header("contact")
    assert len(bench.office.bindings) == 1
    assert isinstance(send(bench), Accepted)
    assert alice.wait_messages(1)[0].start == "MESSAGE sip:alice@192.0.2.1:1;ob SIP/2.0"


def test_the_answer_names_the_source_and_a_quick_refresh_is_not_written(bench: Bench) -> None:
    alice = bench.client()
    answer = alice.register()
    _, port = alice.wire.address()
    assert f"received=127.0.0.1;rport={port}" in answer.header("via")
    assert alice.register().status == 200
    assert len(bench.office.writes) == 1


def test_a_digest_may_name_the_server_instead_of_whom_it_writes_to(bench: Bench) -> None:
    alice = bench.client()
    uri, elsewhere = "sip:bob@127.0.0.1", "sip:localhost:5060"
    first = alice.exchange(alice.request("MESSAGE", uri))
    for named, status in ((elsewhere, 415), ("sip:bob@elsewhere.example", 401)):
        header = alice.authorization(first, "MESSAGE", named)
        data = alice.request("MESSAGE", uri, headers=f"{header}Content-Type: image/png\r\n")
        assert alice.exchange(data).status == status


# --- over IPv6 --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_both_kinds_of_addresses_are_served_where_the_edge_listens_on_all(
    make_bench: MakeBench, kind: str
) -> None:
    bench = make_bench(host="::")
    alice = bench.registered(kind=kind, host="::1")
    bob = bench.registered("bob", kind=kind)
    assert "received=::1;" in alice.exchange(alice.request("OPTIONS", "sip:[::1]")).header("via")
    assert {binding.flow.host for binding in bench.office.bindings.values()} == {
        "::1",
        "127.0.0.1",
    }
    assert isinstance(send(bench), Accepted) and isinstance(send(bench, 1, login="bob"), Accepted)
    assert alice.wait_messages(1) and bob.wait_messages(1)


def test_an_address_of_ipv6_stands_in_brackets_wherever_a_port_may_follow(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(host="::1", domain="::1")
    bench.office.subscribers["alice"] = subscriber("alice", realm="::1")
    alice = bench.client(host="::1", domain="[::1]")
    assert alice.register().status == 200
    assert isinstance(send(bench), Accepted)
    (message,) = alice.wait_messages(1)
    assert message.header("to") == "<sip:alice@[::1]>"
    assert message.header("via").startswith(f"SIP/2.0/UDP [::1]:{bench.settings.port};")
