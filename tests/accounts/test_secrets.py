from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from accounts.models import Account, Client
from accounts.secrets import decrypt, digest, encrypt, new_signing_secret, new_token

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


def column(model: type[Account] | type[Client], name: str) -> str:
    """Read a column of the one row as the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM {model._meta.db_table}")  # noqa: S608
        ((stored,),) = cursor.fetchall()
        return str(stored)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["auth_token", "signing_secret"])
def test_the_database_holds_no_secret_of_an_account(account: Account, name: str) -> None:
    plain = getattr(account, name)
    stored = column(Account, name)
    assert plain not in stored
    assert decrypt(stored) == plain == getattr(Account.objects.get(), name)


@pytest.mark.django_db
def test_the_database_holds_no_password_of_a_client(client_alice: Client) -> None:
    assert "secret" not in column(Client, "password")
    assert Client.objects.get().password == "secret"


@pytest.mark.django_db
def test_the_password_of_an_account_is_hashed(account: Account) -> None:
    account.set_password("correct horse")
    account.save()
    assert "correct horse" not in column(Account, "password")


@pytest.mark.django_db
def test_the_digest_is_not_the_token(account: Account) -> None:
    stored = column(Account, "auth_token_digest")
    assert stored == digest(account.auth_token) and account.auth_token not in stored


@pytest.mark.django_db
def test_saving_again_keeps_a_secret(account: Account) -> None:
    again = Account.objects.get()
    again.save()
    assert Account.objects.get().auth_token == account.auth_token


def test_the_same_text_is_never_stored_the_same_way_twice() -> None:
    assert encrypt("secret") != encrypt("secret")


@pytest.mark.parametrize("text", ["a", "ü€😀", "x" * 5000, " ", "\n"])
def test_what_was_encrypted_comes_back(text: str) -> None:
    assert decrypt(encrypt(text)) == text


def test_after_a_rotation_the_old_key_reads_and_the_new_one_writes(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = OLD
    before = encrypt("secret")
    settings.ENCRYPTION_KEYS = f"{NEW}, {OLD}"
    after = encrypt("secret")
    assert decrypt(before) == decrypt(after) == "secret"
    settings.ENCRYPTION_KEYS = NEW
    assert decrypt(after) == "secret"
    with pytest.raises(ImproperlyConfigured):
        decrypt(before)


@pytest.mark.parametrize(
    "spoil", [lambda stored: stored, lambda stored: stored[:-4], lambda _: "x"]
)
def test_what_does_not_open_says_why_and_gives_nothing_away(settings: Any, spoil: Any) -> None:
    settings.ENCRYPTION_KEYS = OLD
    stored = encrypt("top secret")
    settings.ENCRYPTION_KEYS = OTHER
    with pytest.raises(ImproperlyConfigured, match="made under another key") as refusal:
        decrypt(spoil(stored))
    assert "top secret" not in str(refusal.value) and OTHER not in str(refusal.value)


def test_tokens_look_like_restcomms() -> None:
    token = new_token()
    assert len(token) == 32 and int(token, 16) and token == token.lower()


def test_secrets_do_not_come_twice() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000
    assert len({new_signing_secret() for _ in range(1000)}) == 1000
