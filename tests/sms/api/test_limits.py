"""What an account hears that asks for too much. Conformance cases 59 and 60."""

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from django.db.models import F

from accounts import limits, memory
from accounts.models import Account, Allowance, PhoneNumber
from sms.models import Message
from sms.outbox import acceptance, engine
from tests.conftest import caller
from tests.sms.api.conftest import PREFIXES, Desk, path

pytestmark = pytest.mark.usefixtures("number")


@pytest.fixture
def one_second(account: Account) -> None:
    """Have all requests of a test fall into one second, however long it takes."""
    row = {"account": account, "kind": Allowance.Kind.REQUEST, "window_number": 10**12}
    Allowance.objects.create(**row, taken=0, granted=0)


def limit(account: Account, **columns: int) -> None:
    Account.objects.filter(pk=account.pk).update(**columns)
    memory.clear()


@pytest.mark.usefixtures("one_second")
def test_too_many_requests_are_a_429_that_says_when_to_come_back(
    account: Account, desk: Desk
) -> None:
    limit(account, max_requests_per_second=2)
    assert [desk.send().status_code, desk.list().status_code] == [200, 200]
    response = desk.send()
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "1"
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "message": "This account may make 2 requests a second.",
        "error": "TOO_MANY_REQUESTS",
        "code": 429,
        "status": 429,
    }
    assert Message.objects.count() == 1


@pytest.mark.usefixtures("one_second")
def test_too_many_requests_are_told_in_xml_too(account: Account, desk: Desk) -> None:
    limit(account, max_requests_per_second=1)
    desk.list()
    response = desk.browser.get(path(account, ".xml"))
    assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
    assert b"<Error>TOO_MANY_REQUESTS</Error>" in response.content


REQUESTS: dict[str, Callable[[Desk], Any]] = {
    "a list": lambda desk: desk.list(),
    "a message that is not there": lambda desk: desk.one("SM" + "0" * 32),
    "a list that is asked for wrongly": lambda desk: desk.list(Page="x"),
    "a draft that is rejected": lambda desk: desk.send(To=None),
    "a path that leads nowhere": lambda desk: desk.browser.get(f"{PREFIXES[0]}/Nothing"),
    "a method that is not allowed": lambda desk: desk.browser.delete(path(desk.account)),
    "a format that is not offered": lambda desk: desk.browser.get(
        path(desk.account, ""), headers={"accept": "text/html"}
    ),
    "an account of strangers": lambda desk: desk.browser.get(
        path(Account.objects.create(friendly_name="Stranger"))
    ),
}


@pytest.mark.usefixtures("one_second")
@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_a_request_counts_whatever_becomes_of_it(
    account: Account, desk: Desk, request_of: Callable[[Desk], Any]
) -> None:
    limit(account, max_requests_per_second=1)
    assert request_of(desk).status_code != 429
    assert desk.list().status_code == 429


@pytest.mark.usefixtures("one_second")
def test_a_wrong_secret_does_not_use_up_an_accounts_requests(account: Account, desk: Desk) -> None:
    limit(account, max_requests_per_second=1)
    stranger = Account(sid=account.sid, auth_token="guessed")
    assert caller(stranger).get(path(account)).status_code == 401
    assert desk.list().status_code == 200


@pytest.mark.usefixtures("one_second")
def test_requests_count_for_the_caller_not_for_the_account_of_the_path(account: Account) -> None:
    child = Account.objects.create(friendly_name="Child", parent=account)
    limit(account, max_requests_per_second=2)
    limit(child, max_requests_per_second=1)
    above = Desk(account, of=child)
    assert [above.list().status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.usefixtures("one_second")
def test_requests_of_an_account_count_for_those_above_it(account: Account) -> None:
    child = Account.objects.create(friendly_name="Child", parent=account)
    grandchild = Account.objects.create(friendly_name="Grandchild", parent=child)
    limit(account, max_requests_per_second=3)
    asked = [Desk(one).list().status_code for one in (grandchild, child, account, grandchild)]
    assert asked == [200, 200, 200, 429]
    text = Desk(child).list().json()["message"]
    assert text == "An account above this one has made all its requests of this second."


@pytest.mark.usefixtures("one_second")
def test_the_next_second_has_room_again(account: Account, desk: Desk) -> None:
    limit(account, max_requests_per_second=1)
    assert [desk.list().status_code for _ in range(2)] == [200, 429]
    Allowance.objects.update(window_number=0)
    limits.forget()  # what this process took for the second that is over
    assert desk.list().status_code == 200


def test_too_many_messages_are_a_403_with_a_word_for_programs(account: Account, desk: Desk) -> None:
    limit(account, max_messages_per_day=2)
    assert [desk.send().status_code for _ in range(2)] == [200, 200]
    response = desk.send()
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "message": "This account may send 2 messages a day; the next day begins at 00:00 UTC.",
        "error": "SMS_LIMIT_EXCEEDED",
        "code": 403,
        "status": 403,
    }
    assert Message.objects.count() == 2
    assert desk.list().status_code == 200


def test_only_accepted_messages_count(account: Account, desk: Desk, number: PhoneNumber) -> None:
    limit(account, max_messages_per_day=1)
    rejected = [desk.send(To="abc"), desk.send(From="1555"), desk.send(Body="")]
    assert [response.status_code for response in rejected] == [400, 400, 400]
    assert [desk.send().status_code, desk.send(To="abc").status_code] == [200, 400]
    assert desk.send().status_code == 403


def test_messages_count_for_the_account_of_the_path_not_for_the_caller(account: Account) -> None:
    child = Account.objects.create(friendly_name="Child", parent=account)
    PhoneNumber.objects.create(account=child, number="15005550006")
    limit(child, max_messages_per_day=2)
    above, own = Desk(account, of=child), Desk(child)
    sender = {"From": "15005550006"}
    sent = [above.send(**sender), own.send(**sender), above.send(**sender), own.send(**sender)]
    assert [response.status_code for response in sent] == [200, 200, 403, 403]
    assert Desk(account).send().status_code == 200


def test_messages_of_an_account_count_for_those_above_it(account: Account, desk: Desk) -> None:
    """Or whoever may make sub-accounts would send as much as it likes."""
    child = Account.objects.create(friendly_name="Child", parent=account)
    grandchild = Account.objects.create(friendly_name="Grandchild", parent=child)
    PhoneNumber.objects.create(account=child, number="15005550006")
    PhoneNumber.objects.create(account=grandchild, number="15005550007")
    limit(account, max_messages_per_day=3)
    limit(grandchild, max_messages_per_day=1)
    own, youngest = {"From": "15005550006"}, {"From": "15005550007"}
    sent = [Desk(grandchild).send(**youngest), Desk(grandchild).send(**youngest)]
    sent += [Desk(account, of=child).send(**own), desk.send(), Desk(child).send(**own)]
    assert [response.status_code for response in sent] == [200, 403, 200, 200, 403]
    assert sent[-1].json() == {
        "message": "An account above this one has sent all its messages of today; "
        "the next day begins at 00:00 UTC.",
        "error": "SMS_LIMIT_EXCEEDED",
        "code": 403,
        "status": 403,
    }
    assert Message.objects.count() == 3


def test_the_next_day_has_room_again(account: Account, desk: Desk) -> None:
    limit(account, max_messages_per_day=1)
    assert [desk.send().status_code for _ in range(2)] == [200, 403]
    Allowance.objects.update(window_number=F("window_number") - 1)
    limits.forget()
    assert desk.send().status_code == 200


def test_accepting_for_an_account_without_limits_is_one_statement(
    desk: Desk,
    django_assert_num_queries: Callable[[int], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk.send()
    storing = Mock(wraps=engine.fetch_numbered)  # which Django does not see
    monkeypatch.setattr(acceptance, "fetch_numbered", storing)
    with django_assert_num_queries(0):
        assert desk.send().status_code == 200
    assert storing.call_count == 1
    assert not Allowance.objects.exists()
