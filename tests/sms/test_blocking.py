"""Who may reach whom: at the door, at the claim, and what an application hears of it."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from accounts import memory
from accounts.models import Account, PhoneNumber
from sms import blocking, sweep
from sms.blocking import Passage, refusals
from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.models import Block, Event, Link, Message, Route
from sms.models.block import written
from tests.fakes.shell import manage
from tests.sms.conftest import Bench, MakeMessage
from tests.sms.test_commands import made

pytestmark = pytest.mark.django_db

DIGITS = "4915739360736"


def block(pattern: str, account: Account | None = None) -> Block:
    made = written(pattern, account=account)
    made.full_clean()
    made.save()
    memory.clear()  # as the seconds do
    return made


@pytest.fixture
def other(db: None) -> Account:
    return Account.objects.create(friendly_name="Other")


@pytest.mark.parametrize(
    ("pattern", "recipient", "stops"),
    [
        (DIGITS, DIGITS, True),
        (DIGITS, f"+{DIGITS}", True),
        (DIGITS, f"{DIGITS}9", False),
        (DIGITS, DIGITS[:-1], False),
        ("4915*", DIGITS, True),
        ("+49 15*", DIGITS, True),
        ("4915*", "4915", True),
        ("4915*", "4916739360736", False),
        ("*", "88888", True),
        ("123*", "client:1234", False),
        ("1234", "client:1234", False),
    ],
)
def test_a_block_is_a_number_or_all_that_begin_so(
    account: Account, pattern: str, recipient: str, stops: bool
) -> None:
    block(pattern)
    assert bool(refusals([Passage(account.pk, "123", recipient)])) is stops


def test_a_block_of_one_account_leaves_the_others_alone(account: Account, other: Account) -> None:
    block("49*", account)
    mine, theirs = (Passage(owner.pk, "123", DIGITS) for owner in (account, other))
    assert refusals([mine, theirs]) == {mine: "an operator has blocked 49*"}


def test_every_one_of_many_is_asked_for(account: Account) -> None:
    block("1555*")
    numbers = [f"{prefix}{n:04}" for n in range(700) for prefix in (1555, 1666)]
    stopped = refusals(Passage(account.pk, "123", number) for number in numbers)
    assert {p.recipient for p in stopped} == {n for n in numbers if n.startswith("1555")}


def test_acceptance_asks_nothing_while_nothing_is_blocked(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    passage = Passage(account.pk, "123", DIGITS)
    blocking.refusal(passage)
    with django_assert_num_queries(0):
        assert blocking.refusal(passage) == ""


@pytest.mark.parametrize("pattern", ["", "12", "abc", "12a*", "4915!", "1" * 16, "1" * 16 + "*"])
def test_what_is_no_number_cannot_be_blocked(pattern: str) -> None:
    with pytest.raises(ValidationError):
        block(pattern)


def test_a_second_block_of_the_same_is_refused(account: Account) -> None:
    block("49*")
    block("49*", account)
    for owner in None, account:
        with pytest.raises(ValidationError, match="blocked already"):
            block("49*", owner)


# --- what becomes of a message ------------------------------------------------------------


def test_a_blocked_post_is_accepted_and_fails_with_30004(
    api: Browser, account: Account, number: PhoneNumber, link: Link
) -> None:
    Route.objects.create(prefix="", link=link)
    block("49*")
    uri = f"/api/2012-04-24/Accounts/{account.sid}/SMS/Messages"
    form = {"From": number.number, "To": DIGITS, "Body": "Hi", "StatusCallback": "http://u.test/"}
    answer = api.post(uri, urlencode(form), content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["status"]) == (200, "sending")
    bench = Bench(link)
    bench.turn()
    sweep.settle_unrouted()
    shown = api.get(f"{uri}/{answer.json()['sid']}").json()
    assert (shown["status"], shown["error_code"]) == ("failed", 30004)
    assert shown["error_message"] == "Message blocked"
    message = Message.objects.get()
    callback = message.callbacks.get()
    assert (callback.status, callback.error_code) == (Status.FAILED, 30004)
    event = message.events.get()
    assert (event.kind, event.raw) == (Event.Kind.BLOCKED, "an operator has blocked 49*")
    assert bench.transport.sent == []


def test_a_block_stops_what_was_queued_before_it(
    link: Link, make_message: MakeMessage, other: Account
) -> None:
    ours, theirs = make_message(), make_message(account=other)
    free = make_message(recipient="15550001111")
    block("1321*", ours.account)
    bench = Bench(link)
    bench.turn()
    for message in ours, theirs, free:
        message.refresh_from_db()
    assert (ours.status, ours.error) == (Status.FAILED, ErrorCode.BLOCKED)
    assert ours.callbacks.get().error_code == 30004
    assert (theirs.status, free.status) == (Status.SENT, Status.SENT)
    assert {outbound.sid for outbound in bench.transport.sent} == {theirs.sid, free.sid}


def test_what_was_blocked_when_it_came_goes_out_if_it_is_blocked_no_more(
    account: Account, link: Link, make_message: MakeMessage
) -> None:
    Route.objects.create(prefix="", link=link)
    message = make_message(link=None)
    block("1321*").delete()
    sweep.settle_unrouted()
    Bench(link).turn()
    message.refresh_from_db()
    assert message.status == Status.SENT


# --- the doors ----------------------------------------------------------------------------


def test_the_command_adds_lists_and_removes(account: Account) -> None:
    added = made("block", "add", "+4915*", "--account", account.sid, "--note", "court order")
    assert (added["number"], added["account"]) == ("4915*", account.sid)
    assert added["note"] == "court order" and added["added_by"] and added["added_at"]
    made("block", "add", "88888")
    listed = made("block", "list")["blocks"]
    assert [row["number"] for row in listed] == ["4915*", "88888"]
    assert made("block", "list", "--account", account.sid)["blocks"] == [listed[0]]
    with pytest.raises(CommandError, match=r"There is no block of 4915\*\."):
        made("block", "remove", "4915*")
    assert made("block", "remove", "4915*", "--account", account.sid)["number"] == "4915*"
    assert [row.pattern for row in Block.objects.all()] == ["88888"]


def test_a_person_reads_a_line_a_block(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("block", "list")
    assert capsys.readouterr().out == "Nothing is blocked.\n"
    block("88888")
    call_command("block", "list")
    line = capsys.readouterr().out
    assert line.count("\n") == 1 and line.startswith("88888 ") and "every account" in line


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "12"), "3 to 15 digits"),
        (("add", "abc"), "Digits only, without +."),
        (("add", "49*"), "This is blocked already."),
        (("add", "49*", "--account", "AC0"), "There is no account AC0."),
        (("remove", "50*"), "There is no block of 50*."),
        (("add",), "required: NUMBER"),
        ((), "required: action"),
    ],
)
def test_what_the_command_cannot_do_is_told_in_a_sentence(
    words: tuple[str, ...], sentence: str
) -> None:
    block("49*")
    with pytest.raises(CommandError) as refusal:
        call_command("block", *words)
    assert sentence in str(refusal.value) and "\n" not in str(refusal.value)
    assert Block.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_command_works_from_a_shell() -> None:
    run = manage("block", "add", "4915*", "--json")
    assert (run.returncode, run.stderr, run.stdout.count("\n")) == (0, "", 1)
    assert Block.objects.get().pattern == "4915*"


def test_the_admin_notes_who_blocked_and_when(account: Account) -> None:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("staff", password="x"))
    form: dict[str, Any] = {"digits": "4915", "is_prefix": "on", "account": account.pk, "note": "x"}
    browser.post("/admin/sms/block/add/", form)
    block = Block.objects.get()
    assert (block.pattern, block.account, block.added_by) == ("4915*", account, "staff")
    listed = browser.get("/admin/sms/block/").content.decode()
    assert "4915*" in listed and "staff" in listed
    page = browser.get(f"/admin/sms/block/{block.pk}/change/").content.decode()
    assert 'name="note"' in page and 'name="digits"' not in page
