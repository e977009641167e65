"""The commands for scripts: one JSON object on stdout, or one sentence on stderr."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts import memory
from accounts.models import Account, Client, PhoneNumber
from sms.models import Link
from tests.conftest import opens
from tests.fakes.shell import manage


def made(*words: str) -> dict[str, Any]:
    """Run a command with --json and read what it made."""
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


@pytest.mark.django_db(transaction=True)
def test_a_script_sets_up_an_account_from_another_process() -> None:
    account = json.loads(manage("createaccount", "Shop", "--json").stdout)
    assert set(account) == {"sid", "auth_token"}
    number = manage("addnumber", account["sid"], "+15005550006", "--json")
    client = manage("addclient", account["sid"], "alice", "open sesame", "--json")
    for run in (number, client):
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.count("\n") == 1 and json.loads(run.stdout)["sid"]
    stored = Account.objects.get(sid=account["sid"])
    assert opens(stored, account["auth_token"])
    assert stored.numbers.get().key == "15005550006"
    assert stored.clients.get().password == "open sesame"


@pytest.mark.django_db(transaction=True)
def test_a_secret_need_not_be_among_the_words_of_a_command() -> None:
    sid = made("createaccount", "Shop")["sid"]
    words = ("createaccount", "Branch", "--password", "-", "--json")
    branch = json.loads(manage(*words, said="correct horse\n").stdout)
    assert opens(Account.objects.get(sid=branch["sid"]), "correct horse")
    assert manage("addclient", sid, "alice", "-", said="open sesame\n").returncode == 0
    assert Client.objects.get(login="alice").password == "open sesame"
    for link_words in (("addlink", "acme", "--host", "h"), ("setlink", "acme")):
        said = f"{link_words[0][:3]}-word"
        done = manage(*link_words, "--password", "-", said=f"{said}\n")
        assert done.returncode == 0 and said not in done.stdout
        assert Link.objects.get(name="acme").password == said


@pytest.mark.django_db(transaction=True)
def test_an_error_is_a_sentence_on_stderr_and_a_code() -> None:
    run = manage("addnumber", "AC" + "0" * 32, "15005550006", "--json")
    assert run.returncode != 0 and run.stdout == ""
    assert run.stderr == f"CommandError: There is no account AC{'0' * 32}.\n"


@pytest.mark.django_db
def test_a_database_without_tables_is_told_in_a_sentence(tmp_path: Path) -> None:
    run = manage("createaccount", "Shop", DATABASE_URL=f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert run.returncode != 0 and run.stdout == ""
    assert run.stderr.count("\n") == 1 and "`manage.py migrate` prepares" in run.stderr


@pytest.mark.django_db
def test_an_account_is_made_with_all_that_is_said() -> None:
    parent = made("createaccount", "Parent")
    child = made(
        *("createaccount", "Child", "--parent", parent["sid"], "--email", "me@example.org"),
        *("--password", "correct horse", "--role", "Developer"),
    )
    account = Account.objects.get(sid=child["sid"])
    assert account.parent == Account.objects.get(sid=parent["sid"])
    assert (account.friendly_name, account.email) == ("Child", "me@example.org")
    assert account.role == Account.Role.DEVELOPER and account.is_active
    assert opens(account, "correct horse", child["auth_token"])


@pytest.mark.django_db
def test_an_account_needs_nothing_but_its_name() -> None:
    for address in ((), ("--email", ""), ("--email", "")):
        sid = made("createaccount", "Plain", *address)["sid"]
        account = Account.objects.get(sid=sid)
        assert (account.parent, account.email, account.password) == (None, None, "")
        assert account.role == Account.Role.ADMINISTRATOR


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "kind"),
    [("15005550006", "number"), ("12345", "number"), ("dev-test", "alphanumeric")],
)
def test_a_sender_of_any_form_is_added(account: Account, number: str, kind: str) -> None:
    answer = made("addnumber", account.sid, number)
    row = PhoneNumber.objects.get(sid=answer["sid"])
    assert (answer["number"], answer["sms_enabled"]) == (number, True)
    assert (row.account, row.kind, row.sms_enabled, row.sms_url) == (account, kind, True, "")


@pytest.mark.django_db
def test_a_number_is_added_with_all_that_is_said(account: Account) -> None:
    url = "http://127.0.0.1:8080/inbound"
    answer = made("addnumber", account.sid, "15005550006", "--no-sms", "--sms-url", url)
    row = PhoneNumber.objects.get(sid=answer["sid"])
    assert (row.sms_enabled, row.sms_url) == (False, url)


@pytest.mark.django_db
def test_without_json_a_person_can_read_it(account: Account) -> None:
    out = StringIO()
    call_command("addclient", account.sid, "alice", "open sesame", stdout=out)
    client = Client.objects.get()
    assert out.getvalue() == f"sid    {client.sid}\nlogin  alice\n"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("createaccount", ""), "friendly_name: This field cannot be blank."),
        (("createaccount", "x" * 65), "friendly_name: "),
        (("createaccount", "A", "--parent", "nobody"), "There is no account nobody."),
        (("createaccount", "A", "--email", "nonsense"), "email: Enter a valid email address."),
        (("createaccount", "A", "--email", "Demo@Example.org"), "is already in use"),
        (("createaccount", "A", "--password", "short"), "Password too weak"),
        (("createaccount", "A", "--role", "King"), "invalid choice: 'King'"),
        (("createaccount", "A", "--max-requests-per-second", "0"), "max_requests_per_second: "),
        (
            ("createaccount", "A", "--max-messages-per-day", "many"),
            "'many' is neither a number nor none",
        ),
        (("createaccount",), "required: NAME"),
        (("addnumber", "{sid}", "1-2"), "number: 3 to 15 digits"),
        (("addnumber", "{sid}", "+19876543212"), "has these digits already"),
        (("addnumber", "{sid}", "15005550006", "--sms-url", "ftp://x"), "sms_url: "),
        (("addnumber", "{sid}"), "required: NUMBER"),
        (("addclient", "{sid}", "Alice", "secret"), "This login is taken."),
        (("addclient", "{sid}", "a@b", "secret"), "login: "),
        (("addclient", "{sid}", "bob", ""), "password: This field cannot be blank."),
        (("addclient", "nobody", "bob", "secret"), "There is no account nobody."),
    ],
)
def test_what_cannot_be_made_is_told_in_a_sentence(
    account: Account,
    number: PhoneNumber,
    client_alice: Client,
    words: tuple[str, ...],
    sentence: str,
) -> None:
    def rows() -> list[int]:
        return [model._default_manager.count() for model in (Account, PhoneNumber, Client)]

    before = rows()
    with pytest.raises(CommandError) as refusal:
        made(*(word.format(sid=account.sid) for word in words))
    assert sentence in str(refusal.value) and "\n" not in str(refusal.value)
    assert rows() == before


@pytest.mark.django_db
def test_a_fourth_level_of_accounts_is_refused() -> None:
    sid = made("createaccount", "1")["sid"]
    for name in "23":
        sid = made("createaccount", name, "--parent", sid)["sid"]
    with pytest.raises(CommandError, match="not allowed to have sub-accounts"):
        made("createaccount", "4", "--parent", sid)


@pytest.mark.django_db
def test_limits_are_set_kept_and_lifted() -> None:
    assert (
        Account.objects.get(sid=made("createaccount", "Free")["sid"]).max_messages_per_day is None
    )
    sid = made("createaccount", "Shop", "--max-messages-per-day", "500")["sid"]
    steps = [
        ((), (None, 500)),
        (("--max-requests-per-second", "20"), (20, 500)),
        (("--max-messages-per-day", "0"), (20, 0)),
        (("--max-requests-per-second", "none", "--max-messages-per-day", "7"), (None, 7)),
    ]
    for words, (requests, messages) in steps:
        answer = made("setlimits", sid, *words)
        assert answer == {
            "sid": sid,
            "max_requests_per_second": requests,
            "max_messages_per_day": messages,
            "max_price": None,
        }
        account = Account.objects.get(sid=sid)
        assert (account.max_requests_per_second, account.max_messages_per_day) == (
            requests,
            messages,
        )


@pytest.mark.django_db
def test_a_limit_that_cannot_be_is_told_in_a_sentence(account: Account) -> None:
    with pytest.raises(CommandError, match="max_messages_per_day: "):
        made("setlimits", account.sid, "--max-messages-per-day", "-1")
    account.refresh_from_db()
    assert account.max_messages_per_day is None


@pytest.mark.django_db
def test_the_signing_secret_can_be_asked_for(account: Account) -> None:
    assert made("signingsecret", account.sid)["signing_secret"] == account.signing_secret


@pytest.mark.django_db
def test_arguments_that_are_no_text_are_refused_in_a_sentence() -> None:
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("createaccount", "a\udcff", "--json")


@pytest.mark.django_db(transaction=True)
def test_limit_is_seen_by_running_processes_at_once(account: Account) -> None:
    assert memory.recall("k", lambda: "before") == "before"
    made("setlimits", account.sid, "--max-messages-per-day", "5")
    assert memory.recall("k", lambda: "after") == "after"


@pytest.mark.django_db
def test_a_token_is_rotated_with_or_without_grace(account: Account) -> None:
    told = made("rotatetoken", account.sid, "--grace", "3600")
    stored = Account.objects.get()
    assert told["auth_token"] == stored.auth_token != account.auth_token
    assert stored.has_old_token() and opens(stored, account.auth_token, stored.auth_token)
    made("rotatetoken", account.sid)
    assert not Account.objects.get().has_old_token()
