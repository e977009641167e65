"""STOP, START and HELP: what people write, what they are answered, and what reaches them then."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from pytest_django import Settings

from accounts import memory
from accounts.models import Account, PhoneNumber
from sms import keywords, receive, sweep
from sms.keywords import Word, word_of
from sms.models import Event, Hook, Link, Message, OptOut, Route
from sms.submit import Draft, submit
from sms.transports.base import Inbound
from tests.sms.conftest import Bench
from tests.sms.test_commands import made

pytestmark = pytest.mark.django_db

PERSON = "15551230000"


@pytest.fixture(autouse=True)
def route(link: Link) -> Route:
    return Route.objects.create(prefix="", link=link)


def hear(number: PhoneNumber, text: str, sender: str = PERSON) -> Message:
    receive.inbound([Inbound(sender, number.number, text)])
    memory.clear()  # as the seconds do
    return Message.objects.filter(direction="inbound").latest("id")


def say(number: PhoneNumber, recipient: str = "+" + PERSON) -> Message:
    return submit(
        Draft(sender="+" + number.number, recipient=recipient, body="News!"),
        account_id=number.account_id,
    )


def printed(*words: str) -> str:
    out = StringIO()
    call_command("optout", *words, stdout=out)
    return out.getvalue()


def answers() -> list[str]:
    rows = Message.objects.filter(direction="outbound-reply").order_by("id")
    return list(rows.values_list("body", flat=True))


def outcome(message: Message) -> tuple[str, int | None]:
    message.refresh_from_db()
    return message.status, message.error_code


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *((text, Word.STOP) for text in "STOP stop StopAll UNSUBSCRIBE Cancel END quit".split()),
        *((text, Word.STOP) for text in (" stop\n", "STOP!", "'Stop'.", "**stop**", "«STOP»")),
        *((text, Word.START) for text in ("START", "yes", "Unstop!")),
        *((text, Word.HELP) for text in ("HELP", "help?", "info")),
        *(
            (text, None)
            for text in ("", "!", "stop by tomorrow", "please stop", "STOPP", "S T O P")
        ),
    ],
)
def test_a_keyword_is_a_whole_text(text: str, word: Word | None) -> None:
    assert word_of(text) is word


def test_the_words_are_settings(settings: Settings) -> None:
    settings.SMS_STOP_WORDS = ["ARRÊT"]
    assert word_of("arrêt") is Word.STOP
    assert word_of("STOP") is None


def test_stop_is_confirmed_once_and_nothing_goes_out_after_it(
    number: PhoneNumber, bench: Bench, settings: Settings
) -> None:
    queued = say(number)
    hear(number, "Stop.")
    later = say(number)
    bench.turn()
    sweep.settle_unrouted()
    assert [o.text for o in bench.transport.sent] == [settings.SMS_STOP_REPLY]
    assert outcome(queued) == outcome(later) == ("failed", 30004)
    assert list(queued.events.values_list("kind", "raw")) == [
        ("blocked", "the recipient has written Stop. to this number")
    ]
    hear(number, "STOP")
    assert answers() == [settings.SMS_STOP_REPLY]


def test_stop_concerns_one_number_and_one_person(number: PhoneNumber, bench: Bench) -> None:
    other = PhoneNumber.objects.create(account=number.account, number="15005550001")
    hear(number, "STOP")
    to_another, from_another = say(number, "15551239999"), say(other)
    bench.turn()
    assert outcome(to_another) == outcome(from_another) == ("sent", None)


def test_stop_to_another_accounts_number_is_nothing_to_this_one(number: PhoneNumber) -> None:
    other = Account.objects.create(friendly_name="Other")
    OptOut.objects.create(account=other, number=number.key, person=PERSON, word="STOP")
    assert say(number).link is not None


def test_start_lifts_it(number: PhoneNumber, bench: Bench, settings: Settings) -> None:
    hear(number, "STOP")
    hear(number, "start")
    message = say(number)
    bench.turn()
    assert outcome(message) == ("sent", None)
    assert answers() == [settings.SMS_STOP_REPLY, settings.SMS_START_REPLY]
    assert not OptOut.objects.exists()


def test_yes_is_an_answer_where_nothing_was_stopped(number: PhoneNumber) -> None:
    PhoneNumber.objects.update(sms_url="http://x/")
    message = hear(number, "Yes")
    assert (answers(), Hook.objects.get(message=message).parameters) == ([], [])


def test_help_is_answered_also_to_those_who_stopped(
    number: PhoneNumber, bench: Bench, settings: Settings
) -> None:
    hear(number, "STOP")
    bench.turn()
    hear(number, "HELP")
    sweep.settle_unrouted()
    bench.turn()
    sent = [o.text for o in bench.transport.sent]
    assert sent == [settings.SMS_STOP_REPLY, settings.SMS_HELP_REPLY]


@pytest.mark.parametrize(
    ("texts", "told"), [(["STOP"], "STOP"), (["STOP", "START"], "START"), (["info"], "HELP")]
)
def test_the_application_hears_of_it(number: PhoneNumber, texts: list[str], told: str) -> None:
    PhoneNumber.objects.update(sms_url="http://x/")
    for text in texts:
        message = hear(number, text)
    assert Hook.objects.get(message=message).parameters == [["OptOutType", told]]
    assert (message.status, message.body) == ("received", texts[-1])
    kinds = list(message.events.values_list("kind", "raw"))
    assert (Event.Kind.KEYWORD, told) in kinds


def test_confirmations_can_be_switched_off(number: PhoneNumber, settings: Settings) -> None:
    settings.SMS_STOP_REPLY = settings.SMS_HELP_REPLY = ""
    hear(number, "STOP")
    hear(number, "HELP")
    assert answers() == [] and OptOut.objects.exists()


def test_words_of_a_name_or_to_nobody_are_just_texts(number: PhoneNumber) -> None:
    hear(number, "STOP", sender="ACME")
    receive.inbound([Inbound(PERSON, "15559990000", "STOP")])
    assert not OptOut.objects.exists() and answers() == []


def test_a_batch_is_heeded_in_its_order(number: PhoneNumber) -> None:
    receive.inbound([Inbound(PERSON, number.number, text) for text in ("STOP", "START", "STOP")])
    assert OptOut.objects.count() == 1
    assert len(answers()) == 3


def test_the_command_adds_shows_and_lifts(number: PhoneNumber) -> None:
    assert "Nobody" in printed("list")
    told = made("optout", "add", number.number, "+" + PERSON)
    assert (told["number"], told["person"]) == (number.key, PERSON)
    made("optout", "add", number.number, PERSON)
    assert PERSON in printed("list")
    (shown,) = made("optout", "list")["optouts"]
    assert shown == told
    assert made("optout", "lift", number.number, PERSON) == told
    for words in (("lift", number.number, PERSON), ("lift", "1999", PERSON)):
        with pytest.raises(CommandError):
            call_command("optout", *words)
    with pytest.raises(CommandError, match="no phone number"):
        call_command("optout", "add", number.number, "somebody")


def test_an_operator_sees_and_lifts_it_in_the_admin(number: PhoneNumber, client: Browser) -> None:
    hear(number, "STOP")
    client.force_login(User.objects.create_superuser("op", password="x"))
    page = client.get("/admin/sms/optout/", {"q": PERSON})
    assert PERSON in page.content.decode()
    row = OptOut.objects.get()
    assert client.get(f"/admin/sms/optout/{row.pk}/change/").status_code == 200
    answer = client.post(f"/admin/sms/optout/{row.pk}/delete/", {"post": "yes"})
    assert answer.headers["Location"] == "/admin/sms/optout/"
    assert not OptOut.objects.exists()
    assert keywords.word_of("STOP") is Word.STOP
