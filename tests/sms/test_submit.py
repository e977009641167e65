"""The rules of accepting a message, called as every door calls them."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test import override_settings
from django.utils import timezone

from accounts import limits
from accounts.bounds import Bound
from accounts.models import Account, Client, PhoneNumber
from sms import idempotency, outbox
from sms.lifecycle import Direction, Status
from sms.models import Link, Message, Route
from sms.submit import Draft, Rejected, submit
from sms.text import Encoding

GOOD: dict[str, Any] = {"sender": "19876543212", "recipient": "13216549878", "body": "Test SMS"}


def submitted(account: Account, **changes: Any) -> Message:
    message = submit(Draft(**{**GOOD, **changes}), account_id=account.pk)
    return Message.objects.get(sid=message.sid)


def refusal(account: Account, **changes: Any) -> Rejected:
    with pytest.raises(Rejected) as refused:
        submit(Draft(**{**GOOD, **changes}), account_id=account.pk)
    assert not Message.objects.exists()
    return refused.value


@pytest.fixture
def route(db: None) -> Route:
    link = Link.objects.create(name="carrier", host="127.0.0.1")
    return Route.objects.create(prefix="", link=link)


def test_message_waits_for_the_link_of_its_route(
    account: Account, number: PhoneNumber, route: Route
) -> None:
    message = submitted(account)
    assert (message.status, message.direction) == (Status.SENDING, Direction.OUTBOUND_API)
    assert message.link_id == route.link_id
    assert message.due_at is not None
    assert message.date_created == message.date_updated


def test_message_without_a_route_is_accepted_all_the_same(
    account: Account, number: PhoneNumber
) -> None:
    assert submitted(account).link_id is None


def test_message_to_a_client_needs_no_route_and_never_calls_back(
    account: Account, number: PhoneNumber, route: Route
) -> None:
    message = submitted(account, recipient="client:alice", callback_url="http://example.org/cb")
    assert (message.link_id, message.num_segments, message.callback_url) == (None, None, "")
    assert message.recipient == "client:alice"


@pytest.mark.parametrize("missing", ["sender", "recipient", "body"])
@pytest.mark.parametrize(("value", "reason"), [(None, "null"), ("", "empty")])
def test_required_parameter_must_be_there(
    account: Account, number: PhoneNumber, missing: str, value: str | None, reason: str
) -> None:
    name = {"sender": "From", "recipient": "To", "body": "Body"}[missing]
    refused = refusal(account, **{missing: value})
    assert (refused.parameter, refused.message) == (name, f"{name} can not be {reason}.")


def test_first_missing_parameter_is_named(account: Account) -> None:
    assert refusal(account, sender=None, recipient=None, body=None).parameter == "From"


@pytest.mark.parametrize(
    "recipient",
    ["abc", "12", "1" * 16, "+", "client:", "client:a b", "client:" + "a" * 65, "1\x00"],
)
def test_recipient_must_be_a_number_or_a_client(
    account: Account, number: PhoneNumber, recipient: str
) -> None:
    assert refusal(account, recipient=recipient).parameter == "To"


@pytest.mark.parametrize("recipient", ["13216549878", "+13216549878", "7777", "client:alice8"])
def test_recipient_is_kept_as_it_was_given(
    account: Account, number: PhoneNumber, recipient: str
) -> None:
    assert submitted(account, recipient=recipient).recipient == recipient


@pytest.mark.parametrize(
    "sender",
    [
        "19876543213",
        "1 987 654 3212",
        "dev-test",
        "client:19876543212",
        "client:alice",
        "\x00",
        "1\x00",
        "9" * 10_000,
        "٣٤٥",
    ],
)
def test_sender_must_be_the_accounts_own(
    account: Account, number: PhoneNumber, sender: str
) -> None:
    refused = refusal(account, sender=sender)
    assert (refused.parameter, refused.error) == ("From", "FROM_NOT_SMS_ENABLED")


@pytest.mark.parametrize(
    ("registered", "sender"),
    [
        ("19876543212", "+19876543212"),
        ("+19876543212", "19876543212"),
        ("7777", "7777"),
        ("dev-test", "dev-test"),
        ("dev-test", "Dev-Test"),
    ],
)
def test_sender_is_compared_by_its_digits_or_without_case(
    account: Account, registered: str, sender: str
) -> None:
    PhoneNumber.objects.create(account=account, number=registered)
    assert submitted(account, sender=sender).sender == sender


@pytest.mark.parametrize("sender", ["alice", "client:alice", "client:ALICE"])
def test_client_of_the_account_may_send(
    account: Account, client_alice: Client, sender: str
) -> None:
    assert submitted(account, sender=sender).sender == sender


def test_number_of_another_account_is_refused(account: Account, number: PhoneNumber) -> None:
    stranger = Account.objects.create(friendly_name="Stranger")
    assert refusal(stranger).error == "FROM_NOT_SMS_ENABLED"


def test_number_without_sms_is_refused(account: Account, number: PhoneNumber) -> None:
    PhoneNumber.objects.update(sms_enabled=False)
    assert refusal(account).error == "FROM_NOT_SMS_ENABLED"


def test_only_a_yes_about_a_sender_is_remembered(account: Account) -> None:
    refusal(account)
    PhoneNumber.objects.create(account=account, number="19876543212")
    assert submitted(account).sender == "19876543212"


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"body": "a\x00b"}, "Body"),
        ({"body": "x" * 1601}, "Body"),
        ({"callback_url": "not a url"}, "StatusCallback"),
        ({"callback_url": "/relative"}, "StatusCallback"),
        ({"callback_url": "ftp://example.org/"}, "StatusCallback"),
        ({"callback_method": "PATCH"}, "StatusCallbackMethod"),
        ({"encoding": "FOO"}, "Encoding"),
    ],
)
def test_unusable_option_is_named(
    account: Account, number: PhoneNumber, changes: dict[str, str], parameter: str
) -> None:
    assert refusal(account, **changes).parameter == parameter


@override_settings(SMS_MAX_BODY_LENGTH=5)
def test_longest_body_is_a_setting(account: Account, number: PhoneNumber) -> None:
    assert submitted(account, body="12345").body == "12345"
    with pytest.raises(Rejected):
        submitted(account, body="123456")


@pytest.mark.parametrize(
    ("body", "encoding", "stored", "parts"),
    [
        ("a" * 160, "", Encoding.GSM, 1),
        ("a" * 161, "", Encoding.GSM, 2),
        ("a" * 306, "", Encoding.GSM, 2),
        ("a" * 307, "", Encoding.GSM, 3),
        ("я" * 70, "", Encoding.UCS2, 1),
        ("я" * 71, "", Encoding.UCS2, 2),
        ("я" * 134, "", Encoding.UCS2, 2),
        ("я" * 135, "", Encoding.UCS2, 3),
        ("plain", "ucs-2", Encoding.UCS2, 1),
        ("plain", "UTF-8", Encoding.GSM, 1),
        ("я", "GSM", Encoding.UCS2, 1),
        (" ", "", Encoding.GSM, 1),
    ],
)
def test_segments_are_counted_in_the_alphabet_that_the_body_needs(
    account: Account, number: PhoneNumber, body: str, encoding: str, stored: Encoding, parts: int
) -> None:
    message = submitted(account, body=body, encoding=encoding)
    assert (message.encoding, message.num_segments, message.body) == (stored, parts, body)


def test_lone_surrogate_becomes_the_replacement_character(
    account: Account, number: PhoneNumber
) -> None:
    assert submitted(account, body="a\ud800b").body == "a\ufffdb"


def test_callback_is_kept_with_its_method(account: Account, number: PhoneNumber) -> None:
    url = "https://example.org/cb?x=1"
    message = submitted(account, callback_url=url, callback_method="get")
    assert (message.callback_url, message.callback_method) == (url, "GET")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_stored", [True, False])
def test_a_connection_that_breaks_costs_no_message_and_makes_none_twice(
    account: Account, number: PhoneNumber, is_stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = outbox.insert

    def broken(message: Message) -> None:
        if is_stored:
            insert(message)
        raise OperationalError("the connection was closed")

    monkeypatch.setattr("sms.outbox.insert", broken)
    message = submit(Draft(**GOOD), account_id=account.pk)
    stored = Message.objects.get()
    assert (stored.id, stored.sid) == (message.id, message.sid)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_ended_costs_nothing(
    account: Account, number: PhoneNumber
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no server")
    submitted(account)
    pid = connection.connection.info.backend_pid
    others = connection.copy()
    with others.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    others.close()
    message = submit(Draft(**GOOD), account_id=account.pk)
    assert Message.objects.count() == 2
    assert Message.objects.get(pk=message.pk).sid == message.sid


def test_what_cannot_be_stored_is_told_in_djangos_words(account: Account) -> None:
    now = timezone.now()
    dates = {"date_created": now, "date_updated": now}
    row = {"account_id": account.pk, "direction": Direction.OUTBOUND_API, **dates}
    with transaction.atomic():
        outbox.insert(outbox.make(**row))
    with pytest.raises(IntegrityError), transaction.atomic():
        outbox.insert(outbox.make(**row, status="none at all"))
    assert Message.objects.count() == 1


def test_nothing_is_stored_in_a_transaction_that_will_be_undone(account: Account) -> None:
    message = outbox.make(account_id=account.pk, direction=Direction.OUTBOUND_API)
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            outbox.insert(message)


# --- permits ------------------------------------------------------------------------------


def left(account: Account, limit: int) -> int:
    """Count the messages that this process may still take today."""
    taken = 0
    while True:
        try:
            limits.take_message([Bound(account.pk, limit)])
        except limits.QuotaExceeded:
            return taken
        taken += 1


def test_a_permit_comes_back_when_the_message_cannot_be_stored(
    account: Account, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: Message) -> None:
        raise OperationalError("the database is away")

    with monkeypatch.context() as patched, pytest.raises(OperationalError):
        patched.setattr("sms.outbox.insert", away)
        submit(Draft(**GOOD), account_id=account.pk, quotas=(Bound(account.pk, 3),))
    assert left(account, 3) == 3


def test_a_permit_comes_back_when_a_key_turns_out_to_be_another_requests(
    account: Account, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(
        Draft(**GOOD), account_id=account.pk, quotas=(Bound(account.pk, 3),), idempotency_key="k"
    )
    looks = 0
    look = idempotency.first_answer

    def too_early_at_first(request: idempotency.NamedRequest) -> Message | None:
        nonlocal looks
        looks += 1
        return look(request) if looks > 1 else None

    monkeypatch.setattr("sms.idempotency.first_answer", too_early_at_first)
    other = Draft(**{**GOOD, "body": "Another"})
    with pytest.raises(idempotency.KeyReused):
        submit(other, account_id=account.pk, quotas=(Bound(account.pk, 3),), idempotency_key="k")
    assert left(account, 3) == 2


@pytest.mark.parametrize("login", ["a?b", "a=b", "a@b", "a:b", "a;b", "a<b", "a b", "x" * 65, ""])
def test_what_no_client_can_be_called_is_no_recipient(
    account: Account, number: PhoneNumber, login: str
) -> None:
    assert refusal(account, recipient=f"client:{login}").parameter == "To"
    with pytest.raises(ValidationError):
        Client(account=account, login=login, password="x").full_clean()
