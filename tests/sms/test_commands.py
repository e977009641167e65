"""The commands for carriers and messages; see also tests/accounts/test_commands.py."""

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command, load_command_class

from accounts.models import Account
from sms import slots
from sms.lifecycle import LinkState
from sms.models import Link, Message, Route
from sms.transports.base import Outbound, TransportError
from tests.fakes.loopback import accept
from tests.fakes.shell import manage
from tests.sms.conftest import Bench, MakeMessage

REFUSED = TransportError(30005, permanent=True, raw="ESME_RINVDSTADR")  # type: ignore[arg-type]


def made(*words: str) -> dict[str, Any]:
    """Run a command with --json and read what it made."""
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def timeline(message: Message) -> list[str]:
    out = StringIO()
    call_command("timeline", message.sid, stdout=out)
    return out.getvalue().splitlines()


@pytest.mark.django_db(transaction=True)
def test_a_script_connects_a_carrier_from_another_process() -> None:
    link = manage("addlink", "acme", "--host", "127.0.0.1", "--port", "2776", "--json")
    route = manage("addroute", "+1", "acme", "--priority", "5", "--json")
    for run in (link, route):
        assert (run.returncode, run.stderr, run.stdout.count("\n")) == (0, "", 1)
    assert json.loads(link.stdout)["name"] == json.loads(route.stdout)["link"] == "acme"
    stored = Route.objects.get()
    assert (stored.prefix, stored.priority, stored.link.port) == ("1", 5, 2776)


@pytest.mark.django_db(transaction=True)
def test_an_error_is_a_sentence_on_stderr_and_a_code() -> None:
    for words in (("addroute", "1", "acme", "--json"), ("timeline", "SM0")):
        run = manage(*words)
        assert run.returncode != 0 and run.stdout == ""
        assert run.stderr.startswith("CommandError: There is no ") and run.stderr.count("\n") == 1


@pytest.mark.django_db
def test_a_link_is_made_with_all_that_is_said() -> None:
    made(
        *("addlink", "acme", "--host", "smsc.example.org", "--port", "2776", "--disabled"),
        *("--system-id", "me", "--password", "secret", "--system-type", "VMA"),
        *("--window", "50", "--tps", "20", "--response-timeout-s", "5", "--enquire-link-s", "15"),
        *("--receipt-id-form", "hex-dec", "--on-unanswered", "resend"),
    )
    link = Link.objects.get()
    assert (link.name, link.host, link.port, link.enabled) == (
        "acme",
        "smsc.example.org",
        2776,
        False,
    )
    assert (link.system_id, link.password, link.system_type) == ("me", "secret", "VMA")
    assert (link.window_size, link.max_tps) == (50, 20)
    assert (link.response_timeout_s, link.enquire_link_s) == (5, 15)
    assert (link.receipt_id_form, link.on_unanswered) == ("hex-dec", "resend")


def test_help_says_what_an_option_is_when_it_is_not_given() -> None:
    def told_by(command: str) -> str:
        parser = load_command_class("sms", command).create_parser("manage.py", command)
        return " ".join(parser.format_help().split())

    told = told_by("addlink")
    assert "Requests that may wait for an answer at once. (default: 10)" in told
    assert "fail: fail it with 30090 (the peer may have it: never sent twice);" in told
    assert "none: no limit." in told
    assert "(default:" not in told_by("setlink")  # there it stays what it is


@pytest.mark.django_db
def test_a_link_never_resends_unless_somebody_says_so() -> None:
    made("addlink", "acme", "--host", "127.0.0.1")
    link = Link.objects.get()
    assert link.enabled and link.on_unanswered == Link.OnUnanswered.FAIL


@pytest.mark.django_db
def test_a_password_is_not_told_again() -> None:
    assert "secret" not in str(made("addlink", "a", "--host", "h", "--password", "secret"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("addlink", "acme"), "required: --host"),
        (("addlink", "Acme", "--host", "h"), "name: "),
        (("addlink", "a b", "--host", "h"), "name: Lower-case letters, digits and -."),
        (("addlink", "", "--host", "h"), "name: "),
        (("addlink", "carrier", "--host", "h"), "There is a link of this name already."),
        (("addlink", "acme", "--host", "h", "--port", "0"), "port: "),
        (("addlink", "acme", "--host", "h", "--port", "x"), "invalid int value: 'x'"),
        (("addlink", "acme", "--host", "h", "--window", "0"), "window_size: "),
        (("addlink", "acme", "--host", "h", "--system-id", "x" * 16), "system_id: "),
        (("addlink", "acme", "--host", "h", "--on-unanswered", "pray"), "invalid choice: 'pray'"),
        (("addroute", "1", "acme"), "There is no link acme."),
        (("addroute", "one", "carrier"), "prefix: Digits only, without +."),
        (("addroute", "44", "carrier"), "go to this link already. --replace changes it."),
        (("addroute", "1", "carrier", "--priority", "-1"), "priority: "),
        (("addroute", "1" * 16, "carrier"), "prefix: "),
        (("addroute", "1", "carrier", "--weight", "1001"), "weight: "),
        (("addroute", "1", "carrier", "--weight", "-1"), "weight: "),
        (("addroute", "1", "carrier", "--price", "-0.1"), "price_per_segment: "),
        (("addroute", "1", "carrier", "--price", "cheap"), "'cheap' is no price"),
        (("addroute", "1", "carrier", "--price", "NaN"), "price_per_segment: "),
        (("addroute", "1", "carrier", "--sender", "a*b"), "sender: The * stands at the end"),
        (("addroute", "1", "carrier", "--sender", "*"), "sender: Leave it empty"),
        (("addroute", "1", "carrier", "--account", "AC1"), "There is no account AC1."),
        (("addroute", "44", "carrier", "--replace", "--weight", "-1"), "weight: "),
        (("addlink", "acme", "--host", "h", "--circuit-percent", "101"), "circuit_percent: "),
        (("addlink", "acme", "--host", "h", "--max-queue", "0"), "max_queue: "),
        (("setlink", "acme", "--max-queue", "1"), "There is no link acme."),
        (("setlink", "carrier", "--circuit-window", "0"), "circuit_window: "),
    ],
)
def test_what_cannot_be_made_is_told_in_a_sentence(
    link: Link, words: tuple[str, ...], sentence: str
) -> None:
    Route.objects.create(prefix="44", link=link)
    with pytest.raises(CommandError) as refusal:
        made(*words)
    assert sentence in str(refusal.value) and "\n" not in str(refusal.value)
    assert (Link.objects.count(), Route.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_route_has_all_that_was_asked_for(link: Link, account: Account) -> None:
    words = ("--account", account.sid, "--sender", "Shop*", "--priority", "7")
    asked = made("addroute", "+49", "carrier", *words, "--weight", "3", "--price", "0.025")
    assert asked == {
        "prefix": "49",
        "account": account.sid,
        "sender": "shop*",
        "link": "carrier",
        "priority": 7,
        "weight": 3,
        "price": "0.025",
    }
    changed = made("addroute", "49", "carrier", *words[:4], "--replace", "--weight", "0")
    assert (changed["priority"], changed["weight"]) == (7, 0)
    assert Route.objects.get().price_per_segment == Decimal("0.025")


@pytest.mark.django_db
def test_a_link_can_be_changed_and_the_rest_stays(link: Link) -> None:
    Link.objects.update(window_size=7)
    changed = made("setlink", "carrier", "--max-queue", "10", "--slow-after-s", "0")["changed"]
    assert changed == ["max_queue", "slow_after_s"]
    link.refresh_from_db()
    assert (link.max_queue, link.slow_after_s, link.window_size) == (10, 0, 7)
    made("setlink", "carrier", "--max-queue", "none")
    link.refresh_from_db()
    assert link.max_queue is None


@pytest.mark.django_db
def test_the_highest_price_of_an_account_is_set_and_lifted(account: Account) -> None:
    limit = ("setlimits", account.sid, "--max-price")
    assert made(*limit, "0.10")["max_price"] == "0.10"
    assert made(*limit, "none")["max_price"] is None
    for wrong, sentence in (("-1", "max_price: "), ("much", "'much' is neither a number nor none")):
        with pytest.raises(CommandError, match=sentence):
            made(*limit, wrong)


@pytest.mark.django_db
def test_the_empty_prefix_is_every_number(link: Link) -> None:
    assert made("addroute", "", "carrier")["prefix"] == ""
    assert Route.objects.get().link == link


# --- link, setlink ----------------------------------------------------------------------


def status(*words: str) -> dict[str, Any]:
    return made("link", "carrier", *words, "--wait", "0")


@pytest.mark.django_db
def test_each_order_changes_the_row_that_workers_follow(link: Link) -> None:
    assert (status()["mode"], status()["slots"]) == ("run", [])
    for order, mode in (("pause", "pause"), ("drain", "drain"), ("resume", "run")):
        assert status(order)["mode"] == mode
    assert status("disable")["enabled"] is False
    assert status("enable")["enabled"] is True
    status("rebind")
    link.refresh_from_db()
    assert (link.generation, link.mode) == (1, "run")


@pytest.mark.django_db
def test_an_order_says_when_it_is_not_followed_yet(link: Link) -> None:
    def told(order: str) -> str:
        out = StringIO()
        call_command("link", "carrier", order, "--wait", "0", stdout=out)
        return out.getvalue()

    told("drain")
    assert "Link carrier is drained: it has no connection" in told("rebind")
    told("disable")
    assert "Link carrier is disabled; once it is enabled, it stays connected" in told("pause")
    assert "is disabled; once" not in told("enable")


@pytest.mark.django_db
def test_a_links_status_names_its_workers_and_counts_what_waits(
    link: Link, make_message: MakeMessage
) -> None:
    make_message()
    for worker in "ab":
        slot = slots.take(link_id=link.id, owner=worker, binds=1)
    slots.tell(slot, owner="b", state=LinkState.UP, detail="bound to simulator")
    told = status("status")
    assert (told["waiting"], told["binds"]) == (1, 1)
    assert [(s["number"], s["state"]) for s in told["slots"]] == [(1, "down"), (2, "up")]
    out = StringIO()
    call_command("link", "carrier", "pause", "--wait", "0", stdout=out)
    first, *lines = out.getvalue().splitlines()
    assert first.startswith("Link carrier stays connected and takes receipts")
    assert any(line.startswith("slot 2   up bound to simulator on ") for line in lines)


@pytest.mark.django_db
def test_a_link_is_changed_and_no_secret_is_told(link: Link) -> None:
    words = ("setlink", "carrier", "--window", "50", "--tps", "7", "--password", "secret")
    assert made(*words) == {"name": "carrier", "changed": ["max_tps", "password", "window_size"]}
    link.refresh_from_db()
    assert (link.window_size, link.max_tps, link.password) == (50, 7, "secret")
    assert made(*words)["changed"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("setlink", "nobody", "--tps", "1"), "There is no link nobody."),
        (("setlink", "carrier", "--binds", "0"), "binds: "),
        (("setlink", "carrier", "--system-type", "x" * 13), "system_type: "),
        (("link", "nobody", "pause"), "There is no link nobody."),
        (("link", "carrier", "stop"), "invalid choice: 'stop'"),
    ],
)
def test_a_wrong_order_changes_nothing(link: Link, words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError) as refusal:
        made(*words)
    assert sentence in str(refusal.value)
    assert Link.objects.get().date_updated == link.date_updated


# --- timeline ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_timeline_tells_what_happened_in_its_order(
    bench: Bench, make_message: MakeMessage
) -> None:
    message = make_message()
    bench.turn()
    first, *lines = timeline(message)
    assert first == f"{message.sid} is sent"
    times = [line.split()[:2] for line in lines]
    assert times == sorted(times)
    assert {len(clock) for _, clock in times} == {len("16:54:43.106")}
    told = "\n".join(lines)
    for entry in (
        "outbound-api message accepted, for link carrier",
        "segment 1 submitted over carrier",
        "segment 1 answered  [accepted 0",
        "sent: the peer has every segment",
        "callback “sent” owed",
    ):
        assert entry in told


@pytest.mark.django_db
def test_the_timeline_keeps_the_peers_own_words(link: Link, make_message: MakeMessage) -> None:
    def refuse_the_second(outbound: Outbound) -> Any:
        return REFUSED if outbound.part == 2 else accept(outbound)

    message = make_message(body="x" * 200)
    Bench(link, answer=refuse_the_second).turn()
    first, *lines = timeline(message)
    assert first == f"{message.sid} is failed, error 30005 Unknown destination handset"
    assert any(line.endswith("refused for good  [ESME_RINVDSTADR]") for line in lines)


@pytest.mark.django_db
def test_routes_are_listed_as_routing_reads_them_and_removed(account: Account, link: Link) -> None:
    for columns in ({}, {"prefix": "49"}, {"prefix": "49", "account": account, "sender": "shop*"}):
        Route.objects.create(link=link, **columns)
    listed = made("routes", "list")["routes"]
    assert [(r["prefix"], r["account"], r["sender"]) for r in listed] == [
        ("49", account.sid, "shop*"),
        ("49", None, ""),
        ("", None, ""),
    ]
    assert made("routes", "list", "--link", "other") == {"routes": []}
    whose = ("--account", account.sid, "--sender", "Shop*")
    removed = made("routes", "remove", "+49", "carrier", *whose)
    assert (removed["prefix"], removed["sender"]) == ("49", "shop*")
    with pytest.raises(CommandError, match="There is no such route"):
        made("routes", "remove", "49", "carrier", *whose)
    assert Route.objects.count() == 2
