"""A request that is sent again with its Idempotency-Key becomes no second message."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.utils import timezone

from accounts import memory
from accounts.models import Account, Client, PhoneNumber
from sms import sweep
from sms.models import IdempotencyKey, Message
from sms.outbox import acceptance, engine
from tests.conftest import caller
from tests.sms.api.conftest import FORM, GOOD, Desk, path

pytestmark = pytest.mark.usefixtures("number")

DAY = timedelta(hours=24)
MOMENT = timedelta(seconds=5)


class Keyed(Desk):
    """A desk whose requests carry a key."""

    def send_as(self, key: str, **changes: str | None) -> Any:
        return self.post(key, {**GOOD, **changes})

    def post(self, key: str, fields: dict[str, str | None], *, suffix: str = ".json") -> Any:
        given = {name: value for name, value in fields.items() if value is not None}
        return self.browser.post(
            path(self.account, suffix),
            urlencode(given),
            content_type=FORM,
            headers={"idempotency-key": key},
        )


@pytest.fixture
def keyed(account: Account) -> Keyed:
    return Keyed(account)


def age(by: timedelta) -> None:
    """Make every key older."""
    IdempotencyKey.objects.update(created_at=timezone.now() - by)


def test_the_same_request_again_is_answered_as_the_first_time(keyed: Keyed) -> None:
    answers = [keyed.send_as("order-1") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert Message.objects.count() == 1


def test_what_happened_since_does_not_show_in_the_answer(keyed: Keyed, number: PhoneNumber) -> None:
    first = keyed.send_as("order-1")
    Message.objects.update(status="delivered", due_at=None, date_updated=timezone.now() + DAY)
    number.delete()
    memory.clear()
    again = keyed.send_as("order-1")
    assert (again.status_code, again.content) == (200, first.content)


def test_the_answer_comes_in_the_form_that_is_asked_for(keyed: Keyed) -> None:
    sid = keyed.send_as("order-1").json()["sid"]
    again = keyed.post("order-1", {**GOOD}, suffix=".xml")
    assert f"<Sid>{sid}</Sid>".encode() in again.content
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"From": "dev-test"},
        {"To": "13216549879"},
        {"To": "+13216549878"},
        {"Body": "test SMS"},
        {"StatusCallback": "http://example.org/"},
        {"StatusCallbackMethod": "GET"},
        {"Encoding": "UCS-2"},
        {"To": "abc"},
        {"Body": None},
    ],
)
def test_other_parameters_under_the_same_key_are_a_422(
    account: Account, keyed: Keyed, changes: dict[str, str | None]
) -> None:
    PhoneNumber.objects.create(account=account, number="dev-test")
    keyed.send_as("order-1")
    response = keyed.send_as("order-1", **changes)
    assert response.status_code == 422
    assert response.json() == {
        "message": "This Idempotency-Key came with other parameters before.",
        "error": "IDEMPOTENCY_KEY_REUSED",
        "code": 422,
        "status": 422,
    }
    assert Message.objects.count() == 1


def test_parameters_that_mean_nothing_do_not_make_another_request(keyed: Keyed) -> None:
    first = keyed.send_as("order-1")
    again = keyed.send_as("order-1", Utm="x", StatusCallbackMethod="POST")
    assert (again.status_code, again.content) == (200, first.content)


def test_keys_are_an_accounts_own(account: Account, keyed: Keyed) -> None:
    child = Account.objects.create(friendly_name="Child", parent=account)
    PhoneNumber.objects.create(account=child, number="15005550006")
    keyed.send_as("order-1")
    below = Keyed(child).send_as("order-1", From="15005550006")
    assert below.status_code == 200
    above = Keyed(account, of=child).send_as("order-1", From="15005550006")
    assert above.content == below.content
    assert Message.objects.count() == 2


def test_a_message_to_a_client_is_no_other(keyed: Keyed, client_alice: Client) -> None:
    first, again = (keyed.send_as("order-1", To="client:alice") for _ in range(2))
    assert first.content == again.content
    assert Message.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a\x00b", "a\x7f", "\x1b"])
def test_what_cannot_be_a_key_is_a_400(keyed: Keyed, key: str) -> None:
    response = keyed.send_as(key)
    assert response.status_code == 400
    assert response.json()["message"].startswith("Idempotency-Key ")
    assert not Message.objects.exists()


@pytest.mark.parametrize("key", ["x", "x" * 255, '"8e03978e-40d5"', "order 1, again", "Schlüssel"])
def test_any_other_text_is_a_key(keyed: Keyed, key: str) -> None:
    assert {keyed.send_as(key).status_code for _ in range(2)} == {200}
    assert Message.objects.count() == 1


@pytest.mark.parametrize("changes", [{"To": "abc"}, {"Body": None}, {"From": "1555"}])
def test_a_rejected_request_does_not_use_up_its_key(
    keyed: Keyed, changes: dict[str, str | None]
) -> None:
    assert keyed.send_as("order-1", **changes).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert keyed.send_as("order-1").status_code == 200


def test_a_request_over_the_quota_does_not_use_up_its_key(account: Account, keyed: Keyed) -> None:
    Account.objects.update(max_messages_per_day=0)
    assert keyed.send_as("order-1").status_code == 403
    Account.objects.update(max_messages_per_day=None)
    memory.clear()
    assert keyed.send_as("order-1").status_code == 200


def test_an_answer_given_again_does_not_count_as_a_message(account: Account, keyed: Keyed) -> None:
    Account.objects.update(max_messages_per_day=2)
    assert [keyed.send_as("order-1").status_code for _ in range(5)] == [200] * 5
    assert [keyed.send_as(f"order-{n}").status_code for n in (2, 3, 1)] == [200, 403, 200]


def test_a_key_is_kept_for_24_hours(keyed: Keyed) -> None:
    keyed.send_as("order-1")
    age(DAY - MOMENT)
    assert keyed.send_as("order-1", Body="another").status_code == 422
    age(DAY)
    assert keyed.send_as("order-1", Body="another").status_code == 200
    assert keyed.send_as("order-1", Body="another").status_code == 200
    assert keyed.send_as("order-1").status_code == 422
    assert Message.objects.count() == 2


def test_sweep_removes_old_keys_in_small_batches(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        keyed.send_as(f"order-{n}")
    age(DAY)
    keyed.send_as("order-3")
    monkeypatch.setattr(sweep, "BATCH", 2)
    assert [sweep.forget_idempotency_keys() for _ in range(3)] == [2, 1, 0]
    assert IdempotencyKey.objects.get().key == "order-3"
    assert Message.objects.count() == 4
    assert sweep.forget_idempotency_keys in sweep.TASKS


def test_a_request_without_a_key_pays_nothing(
    desk: Desk,
    django_assert_num_queries: Callable[[int], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk.send()
    storing = Mock(wraps=engine.fetch_numbered)  # which Django does not see
    monkeypatch.setattr(acceptance, "fetch_numbered", storing)
    with django_assert_num_queries(0):
        desk.send()
    assert storing.call_count == 1
    assert not IdempotencyKey.objects.exists()
    assert Message.objects.count() == 2


def at_once(account: Account, requests: list[tuple[str, dict[str, str]]]) -> list[Any]:
    """Send requests from threads that start together, each with a connection of its own."""
    start = threading.Barrier(len(requests))

    def send(request: tuple[str, dict[str, str]]) -> Any:
        key, changes = request
        try:
            desk = Keyed(account)
            start.wait(timeout=30)
            return desk.send_as(key, **changes)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


@pytest.mark.django_db(transaction=True)
def test_the_same_request_many_times_at_once_becomes_one_message(account: Account) -> None:
    for n in range(10):
        answers = at_once(account, [(f"order-{n}", {})] * 6)
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert Message.objects.count() == IdempotencyKey.objects.count() == n + 1


@pytest.mark.django_db(transaction=True)
def test_different_requests_at_once_under_one_key_become_one_message(account: Account) -> None:
    for n in range(5):
        answers = at_once(account, [(f"order-{n}", {"Body": f"Number {b}"}) for b in range(4)])
        assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
        assert Message.objects.count() == n + 1


@pytest.mark.django_db(transaction=True)
def test_an_expired_key_that_comes_many_times_at_once_becomes_one_message(
    account: Account,
) -> None:
    for n in range(5):
        Keyed(account).send_as("order-1", Body=f"Number {n}")
        age(DAY)
        answers = at_once(account, [("order-1", {})] * 4)
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        age(DAY)
    assert Message.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_requests_that_lose_a_race_give_their_permits_back(account: Account) -> None:
    Account.objects.update(max_messages_per_day=12)
    for n in range(8):
        at_once(account, [(f"order-{n}", {})] * 4)
    assert Message.objects.count() == 8
    assert [Keyed(account).send_as(f"late-{n}").status_code for n in range(5)] == [200] * 4 + [403]


def test_caller_is_asked_before_the_key(account: Account, keyed: Keyed) -> None:
    keyed.send_as("order-1")
    Account.objects.update(status="suspended")
    memory.clear()
    assert keyed.send_as("order-1").status_code == 403
    assert caller(Account(sid=account.sid, auth_token="no")).get(path(account)).status_code == 401
