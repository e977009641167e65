"""What most tests need: an account, its numbers and clients, and the API's door."""

import base64
import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client as Browser
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts import limits, memory
from accounts.models import Account, Client, PhoneNumber
from sms import partitions, routing


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take what `make fuzz` is told; tests/fuzz says what it means."""
    parser.addoption("--fuzz-s", type=float, default=0, help="fuzz each door for so many seconds")
    parser.addoption("--fuzz-seed", type=int, help="by this seed")


def pytest_collection_finish() -> None:
    """Take back what cpaas.wsgi made of this process, or all that tests start would inherit it."""
    if hasattr(os, "SCHED_OTHER"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """Empty PostgreSQL's tables with DELETE: TRUNCATE makes new files for each, full or not."""

    def sql_flush(self: object, style: object, tables: list[str], **_: bool) -> list[str]:
        return [f'DELETE FROM "{table}";' for table in tables]  # noqa: S608  # names of models

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hash the passwords of made-up people once instead of a million times: a third of a second."""
    quick = "django.contrib.auth.hashers.MD5PasswordHasher"
    # The others stay: what a process of its own has hashed is checked here, too.
    with override_settings(PASSWORD_HASHERS=[quick, *settings.PASSWORD_HASHERS]):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """With BY_MONTH=1 all tests run on tables that are partitioned (on PostgreSQL)."""
    if os.environ.get("BY_MONTH") == "1":
        with django_db_blocker.unblock():
            if not partitions.is_partitioned():  # with --reuse-db they may be
                partitions.to_months(timezone.now())


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    """What one test made the platform remember is nothing to the next."""
    cache.clear()
    memory.clear()
    limits.forget()
    routing.forget()
    yield
    cache.clear()
    memory.clear()


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.create(friendly_name="Demo", email="demo@example.org")


@pytest.fixture
def number(account: Account) -> PhoneNumber:
    return PhoneNumber.objects.create(account=account, number="19876543212")


@pytest.fixture
def client_alice(account: Account) -> Client:
    return Client.objects.create(account=account, login="alice", password="secret")


def basic(name: str, secret: str) -> str:
    """Write an Authorization header."""
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def caller(account: Account) -> Browser:
    """Return an HTTP client that speaks for an account."""
    return Browser(
        raise_request_exception=False,
        headers={"authorization": basic(account.sid, account.auth_token)},
    )


def opens(account: Account, *secrets: str) -> bool:
    """Say whether each of these is let in at the API's door."""
    path = f"/api/2012-04-24/Accounts/{account.sid}"
    answers = [
        Browser().get(path, headers={"authorization": basic(account.sid, secret)})
        for secret in secrets
    ]
    return all(answer.status_code == 200 for answer in answers)


@pytest.fixture
def api(account: Account) -> Browser:
    """An HTTP client with the account's credentials."""
    return caller(account)
