"""SIP clients over the database: log-ins and bindings of an edge, where messages for them go."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import Account, Client, PhoneNumber
from sms import relay, sweep
from sms.clients.directory import Directory
from sms.errors import ErrorCode
from sms.lifecycle import Direction, Status
from sms.models import Binding, Link, Message
from sms.submit import Draft, submit
from sms.sweep.bindings import forget_bindings
from sms.transports.base import Inbound, Refusal
from sms.transports.sip import registrar
from sms.transports.sip.digest import Subscriber, ha1
from sms.transports.sip.flow import Flow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def edge(db: None) -> Link:
    return Link.objects.create(name="sip", kind="sip", host="127.0.0.1", port=5060)


@pytest.fixture
def directory(edge: Link) -> Iterator[Directory]:
    directory = Directory("sip")
    yield directory
    directory.close()


def binding(login: str = "alice", *, transport: str = "UDP", **fields: object) -> registrar.Binding:
    values: dict[str, object] = {
        "login": login,
        "key": f"sip:{login}@192.0.2.1",
        "contact": f"sip:{login}@192.0.2.1",
        "flow": Flow(transport, "192.0.2.1", 5062, "" if transport == "UDP" else "7"),
        "call_id": "one",
        "cseq": 1,
        "expires_at": timezone.now().timestamp() + 600,
    }
    return registrar.Binding(**values | fields)  # type: ignore[arg-type]


def write(
    directory: Directory,
    put: Sequence[registrar.Binding] = (),
    removed: Sequence[registrar.Binding] = (),
) -> bool:
    done, results = threading.Event(), []

    def then(is_done: bool) -> None:
        results.append(is_done)
        done.set()

    directory.write(put, removed, then)
    assert done.wait(10)
    return results[0]


def find(directory: Directory, login: str) -> Subscriber | None:
    done, results = threading.Event(), []

    def then(found: Subscriber | None) -> None:
        results.append(found)
        done.set()

    directory.find(login, then, done.set)
    assert done.wait(10)
    return results[0]


def restore(directory: Directory) -> list[registrar.Binding]:
    done = threading.Event()
    results: list[registrar.Binding] = []

    def then(found: Sequence[registrar.Binding] | None) -> None:
        results.extend(found or ())
        done.set()

    directory.restore(then)
    assert done.wait(10)
    return results


def post(account: Account, to: str, sender: str = "19876543212") -> Message:
    return submit(Draft(sender, to, "Hello"), account_id=account.pk)


# --- the directory ----------------------------------------------------------------------


def test_a_client_is_found_in_any_case_with_the_hashes_of_its_password(
    directory: Directory, client_alice: Client, settings: LazySettings
) -> None:
    found = find(directory, "ALICE")
    assert found and found.login == "alice" and found.algorithms == ("MD5",)
    for algorithm in ("MD5", "SHA-256"):
        expected = ha1("alice", settings.SIP_DOMAIN, "secret", algorithm)
        assert found.ha1[algorithm] == expected
    assert find(directory, "nobody") is None


def test_another_domain_and_rows_of_older_versions_are_hashed_anew(
    directory: Directory, client_alice: Client, settings: LazySettings
) -> None:
    Client.objects.update(ha1_realm="", ha1_md5="", ha1_sha256="")
    settings.SIP_DOMAIN = "sip.example.org"
    found = find(directory, "alice")
    assert found and found.ha1["MD5"] == ha1("alice", "sip.example.org", "secret", "MD5")
    assert Client.objects.get().ha1_realm == "sip.example.org"


def test_clients_that_may_not_log_in_are_told_apart(
    directory: Directory, client_alice: Client
) -> None:
    Account.objects.update(status=Account.Status.SUSPENDED)
    found = find(directory, "alice")
    assert found and not found.is_enabled


def test_bindings_outlive_the_edge_those_over_connections_for_a_minute(
    directory: Directory, client_alice: Client
) -> None:
    kept = binding(instance=';+sip.instance="<urn:uuid:1>"', user_agent="phone")
    assert write(directory, [kept, binding(transport="WS", key="browser")])
    restored = {found.flow.transport: found for found in restore(directory)}
    assert restored["UDP"] == kept
    assert 50 < restored["WS"].expires_at - timezone.now().timestamp() <= 60
    assert Binding.objects.live().count() == 2


def test_a_binding_is_changed_and_removed(directory: Directory, client_alice: Client) -> None:
    write(directory, [binding()])
    write(directory, [binding(contact="sip:new@192.0.2.2", cseq=2)])
    assert Binding.objects.get().contact == "sip:new@192.0.2.2"
    assert write(directory, [], [binding()])
    assert not Binding.objects.exists()
    assert write(directory, [binding("stranger")])  # removed meanwhile: nothing to keep
    assert not Binding.objects.exists()


def test_many_clients_are_kept_in_a_few_statements(
    directory: Directory, account: Account, edge: Link
) -> None:
    Client.objects.bulk_create(
        Client(account=account, login=f"c{n}", password="secret", sid=f"CL{n:032x}")
        for n in range(400)
    )
    assert write(directory, [binding(f"c{n}") for n in range(400)])
    assert Binding.objects.live().count() == 400
    assert write(directory, [], [binding(f"c{n}") for n in range(400)])
    assert not Binding.objects.exists()


def test_expired_bindings_are_swept(directory: Directory, client_alice: Client) -> None:
    write(directory, [binding()])
    assert forget_bindings() == 0
    Binding.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert forget_bindings() == 1


# --- messages for clients ---------------------------------------------------------------


def test_a_message_goes_to_the_edge_where_its_client_is(
    directory: Directory, account: Account, number: PhoneNumber, client_alice: Client, edge: Link
) -> None:
    write(directory, [binding()])
    message = post(account, "client:Alice")
    assert message.link_id == edge.pk and message.is_pinned
    assert message.callback_url == "" and message.num_segments is None


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("client:alice", ErrorCode.UNREACHABLE_HANDSET),
        ("client:nobody", ErrorCode.UNKNOWN_HANDSET),
        ("client:mallory", ErrorCode.UNKNOWN_HANDSET),
    ],
)
def test_a_client_that_is_away_or_not_ours_is_told(
    account: Account, number: PhoneNumber, client_alice: Client, to: str, code: ErrorCode
) -> None:
    others = Account.objects.create(friendly_name="Others")
    Client.objects.create(account=others, login="mallory", password="secret")
    message = post(account, to)
    sweep.settle_unrouted()
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.FAILED, code)


def test_a_message_waits_for_its_client_where_the_platform_says_so(
    directory: Directory,
    account: Account,
    number: PhoneNumber,
    client_alice: Client,
    edge: Link,
    settings: LazySettings,
) -> None:
    settings.SIP_WAIT_FOR_CLIENTS = True
    message = post(account, "client:alice")
    sweep.settle_unrouted()
    message.refresh_from_db()
    assert message.status == Status.QUEUED and message.link_id is None
    assert message.retry_code == ErrorCode.UNREACHABLE_HANDSET
    assert sweep.settle_unrouted() == 0  # it is not looked at all the time
    write(directory, [binding()])
    message.refresh_from_db()
    (released,) = Message.objects.filter(link=edge, due_at__lte=timezone.now())
    assert released == message


# --- what clients write -----------------------------------------------------------------


def said(recipient: str, text: str = "Hi", **fields: object) -> Inbound:
    values: dict[str, object] = {"sender": "alice", "login": "alice", "token": 1, "request_id": "1"}
    return Inbound(recipient=recipient, text=text, **values | fields)  # type: ignore[arg-type]


@pytest.fixture
def family(account: Account, client_alice: Client) -> Account:
    child = Account.objects.create(friendly_name="Child", parent=account)
    Client.objects.create(account=child, login="bob", password="secret")
    return child


def test_a_client_writes_to_another_to_a_number_and_to_the_network(
    family: Account, account: Account, edge: Link
) -> None:
    PhoneNumber.objects.create(account=family, number="15005550006")
    batch = [
        said("BOB", request_id="1"),
        said("15005550006", request_id="2", token=2),
        said("+15551230000", request_id="3", token=3),
    ]
    assert relay.relay(batch, link_id=edge.pk) == {}
    to_bob, to_network = Message.objects.filter(account=account).order_by("id")
    assert (to_bob.sender, to_bob.recipient) == ("client:alice", "client:bob")
    assert (to_network.sender, to_network.recipient) == ("alice", "+15551230000")
    assert {to_bob.direction, to_network.direction} == {Direction.OUTBOUND_CALL}
    arrived = Message.objects.get(account=family)
    assert (arrived.direction, arrived.status) == (Direction.INBOUND, Status.RECEIVED)
    assert arrived.sender == "client:alice"


def test_the_same_request_twice_is_one_message(family: Account, edge: Link) -> None:
    for _ in range(2):
        assert relay.relay([said("bob")], link_id=edge.pk) == {}
    assert Message.objects.count() == 1


def test_a_client_may_write_under_a_number_of_its_account(
    account: Account, number: PhoneNumber, client_alice: Client, edge: Link
) -> None:
    assert relay.relay([said("15551230000", sender="19876543212")], link_id=edge.pk) == {}
    assert Message.objects.get().sender == "19876543212"


@pytest.mark.parametrize(
    ("item", "refusal"),
    [
        (said("nobody"), Refusal.UNKNOWN_RECIPIENT),
        (said("mallory"), Refusal.UNKNOWN_RECIPIENT),
        (said("bob", sender="bob"), Refusal.NOT_ALLOWED),
        (said("bob", sender="15005550009"), Refusal.NOT_ALLOWED),
        (said("bob", " \r\n"), Refusal.EMPTY),
        (said("bob", "x" * 2000), Refusal.TOO_LONG),
        (said("bob", login="gone"), Refusal.NOT_ALLOWED),
    ],
)
def test_what_a_client_may_not_do_is_refused(
    family: Account, edge: Link, item: Inbound, refusal: Refusal
) -> None:
    others = Account.objects.create(friendly_name="Others")
    Client.objects.create(account=others, login="mallory", password="secret")
    assert relay.relay([item], link_id=edge.pk) == {1: refusal}
    assert not Message.objects.exists()


def test_a_suspended_account_and_one_that_has_sent_enough_are_refused(
    family: Account, account: Account, edge: Link
) -> None:
    Account.objects.filter(pk=account.pk).update(max_messages_per_day=0)
    assert relay.relay([said("bob")], link_id=edge.pk) == {1: Refusal.OVER_LIMIT}
    Account.objects.filter(pk=account.pk).update(status="suspended")
    assert relay.relay([said("bob")], link_id=edge.pk) == {1: Refusal.NOT_ALLOWED}
