"""Kamailio, set up as deploy/kamailio has it, between SIP clients and an edge of ours."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from accounts.models import Account, Client
from sms.clients import whereabouts
from sms.clients.directory import Directory
from sms.errors import ErrorCode
from sms.lifecycle import LinkState
from sms.models import Binding, Link
from sms.transports.base import Accepted, Inbound, Report, TransportError
from sms.transports.sip.edge import SipEdge
from sms.transports.sip.settings import SipSettings
from tests.fakes.ports import free_port
from tests.fakes.sink import RecordingSink
from tests.fakes.sip_client import SipClient, TcpWire, UdpWire, Wire, WsWire
from tests.foreign.kamailio import PATIENCE_S, Node, Tables, check, missing
from tests.sms.transports.contract import segment

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.django_db(transaction=True),
]


class Sink(RecordingSink):
    """Stores whatever comes, at once."""

    edge: SipEdge

    def report(self, report: Report) -> None:
        super().report(report)
        self.edge.answer([report], stored=True)


class Site:
    """An edge of ours, nodes before it, clients before them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.link = Link.objects.create(
            name="sip", kind=Link.Kind.SIP, host="127.0.0.1", port=free_port()
        )
        self.sink = Sink()
        own = SipSettings(
            name="sip",
            host="127.0.0.1",
            port=self.link.port,
            domain="127.0.0.1",
            trusted=("127.0.0.1",),
        )
        self.edge = self.sink.edge = SipEdge(own, self.sink, Directory("sip"))
        self.edge.start()
        self.sink.wait_state(LinkState.UP)
        self.nodes: list[Node] = []
        self.clients: list[SipClient] = []
        self._keys = iter(range(1, 1000))

    def node(self, *, digest: str = "MD5") -> Node:
        number = len(self.nodes) + 1
        self.nodes.append(Node(self.folder / f"node{number}", number, self.link.port, digest))
        return self.nodes[-1]

    def client(self, node: Node, login: str, kind: str = "UDP", password: str = "") -> SipClient:
        makers: dict[str, Callable[[], Wire]] = {
            "UDP": lambda: UdpWire(node.port),
            "TCP": lambda: TcpWire(node.port),
            "WS": lambda: WsWire(node.ws_port),
        }
        client = SipClient(makers[kind](), login, password or f"{login}'s password")
        self.clients.append(client)
        return client

    def registered(self, node: Node, login: str, kind: str = "UDP") -> SipClient:
        client = self.client(node, login, kind)
        answer = client.register()
        assert answer.status == 200, (answer, node.log())
        assert client.contact in answer.header("contact")
        self.wait_known(login)
        return client

    def wait_known(self, login: str, *, is_known: bool = True) -> None:
        """Wait until the edge has heard of the node where a client is, or is no more."""
        until = time.monotonic() + PATIENCE_S
        while bool(self.edge._registrar.of(login, 0)) is not is_known:
            assert time.monotonic() < until, [node.log() for node in self.nodes]
            time.sleep(0.02)

    def send(self, recipient: str, text: str = "Grüße 🎉") -> Accepted | TransportError:
        key = next(self._keys)
        self.edge.send([segment(key, sender="15551234567", recipient=recipient, text=text)])
        self.sink.wait("an outcome", lambda: self._outcome(key))
        result = self._outcome(key)
        assert isinstance(result, Accepted | TransportError), result
        return result

    def _outcome(self, key: int) -> object:
        return next((told.result for told in self.sink.outcomes if told.key == key), None)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        for node in self.nodes:
            node.close()
        self.edge.stop(drain_s=0)


@pytest.fixture
def people(settings: LazySettings, transactional_db: None) -> Account:
    settings.SIP_DOMAIN = "127.0.0.1"
    account = Account.objects.create(friendly_name="Demo", email="demo@example.org")
    for login in ("alice", "bob", "Carol+1"):
        Client.objects.create(account=account, login=login, password=f"{login}'s password")
    return account


@pytest.fixture
def tables(people: Account) -> Iterator[Tables]:
    with Tables() as tables:
        yield tables


@pytest.fixture
def site(tables: Tables, tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


def test_messages_go_both_ways_through_a_node(site: Site, tables: Tables, people: Account) -> None:
    node = site.node()
    read = check(node.folder)
    assert read.returncode == 0, read.stderr
    for login, kind in (("alice", "UDP"), ("bob", "TCP"), ("Carol+1", "WS")):
        client = site.registered(node, login, kind)
        binding = Binding.objects.get(client__login=login)
        assert (binding.source_port, binding.transport) == (node.inner_port, "UDP")
        place = whereabouts.find(f"client:{login}", sender_account_id=people.pk).place
        assert place and place.link_name == "sip"

        assert isinstance(site.send(f"client:{login}"), Accepted)
        (heard,) = client.wait_messages(1)
        assert heard.body.decode() == "Grüße 🎉"
        assert "15551234567" in heard.header("from")

        site.sink.reports.clear()
        # Whom a client asserts to be is nothing to the edge; who it has shown to be is.
        said = client.say("15557654321", "Hallo €", headers="P-Asserted-Identity: <sip:eve@x>\r\n")
        assert said.status == 202, node.log()
        (inbound,) = site.sink.reports
        assert isinstance(inbound, Inbound)
        assert (inbound.login, inbound.sender) == (login, login)
        assert (inbound.recipient, inbound.text) == ("15557654321", "Hallo €")
    assert len(tables.read("SELECT 1 FROM location", "kamailio")) == 3


def test_two_nodes_each_reach_their_own_clients(site: Site) -> None:
    first, second = site.node(), site.node()
    alice, bob = site.registered(first, "alice"), site.registered(second, "bob", "WS")
    assert isinstance(site.send("client:alice", "to alice"), Accepted)
    assert isinstance(site.send("client:bob", "to bob"), Accepted)
    assert [heard.body for heard in alice.wait_messages(1)] == [b"to alice"]
    assert [heard.body for heard in bob.wait_messages(1)] == [b"to bob"]


def test_a_node_that_is_started_again_has_forgotten_nobody(site: Site) -> None:
    node = site.node()
    alice = site.registered(node, "alice")
    node.kill()
    node.start()
    assert isinstance(site.send("client:alice"), Accepted)
    alice.wait_messages(1)


def test_who_has_gone_is_unreachable_and_a_wrong_password_is_refused(
    site: Site, people: Account
) -> None:
    node = site.node()
    alice = site.registered(node, "alice")
    assert site.client(node, "alice", password="wrong").register().status == 401
    assert site.client(node, "nobody").register().status == 401
    assert site.client(node, "bob", password="wrong").say("15557654321", "Hi").status == 401
    assert alice.register(expires=0).status == 200
    site.wait_known("alice", is_known=False)
    failed = site.send("client:alice")
    assert isinstance(failed, TransportError)
    assert failed.code is ErrorCode.UNREACHABLE_HANDSET

    Client.objects.filter(login="bob").update(enabled=False)
    assert site.client(node, "bob").register().status == 401


def test_sha_256_can_be_asked_for_instead(site: Site) -> None:
    node = site.node(digest="SHA-256")
    alice = site.client(node, "alice")
    assert alice.register(algorithm="SHA-256").status == 200, node.log()
    site.wait_known("alice")
    assert isinstance(site.send("client:alice"), Accepted)


def test_a_client_takes_long_texts_over_tcp_and_is_spared_them_over_udp(site: Site) -> None:
    node = site.node()
    alice, bob = site.registered(node, "alice"), site.registered(node, "bob", "TCP")
    assert isinstance(site.send("client:bob", "x" * 1600), Accepted)
    assert bob.wait_messages(1)[0].body == b"x" * 1600
    failed = site.send("client:alice", "x" * 1600)
    assert isinstance(failed, TransportError)
    assert alice.messages == []


def test_the_role_of_a_node_sees_hashes_and_nothing_else_of_ours(tables: Tables) -> None:
    seen = tables.read("SELECT username, password, length(ha1) FROM subscriber", "kamailio")
    assert sorted(seen) == [("Carol+1", "", 32), ("alice", "", 32), ("bob", "", 32)]
    for table in ("accounts_client", "accounts_account", "sms_message"):
        ((may,),) = tables.read(f"SELECT has_table_privilege('kamailio', '{table}', 'SELECT')")
        assert may is False
