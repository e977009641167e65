"""An inbound message, its number's application over real HTTP, and what its answers come to."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Account, PhoneNumber
from sms import notify, receive, webhook
from sms.conversation.detour import detour
from sms.models import Callback, CallbackHost, Event, Hook, Link, Message, Route
from sms.transports.base import Inbound
from sms.transports.simulator.receiver import CallbackReceiver, Received, Reply
from sms.worker.notify_pump import NotifyPump
from tests.sms.rcml.test_answer import BILLION_LAUGHS, EXTERNAL

pytestmark = [pytest.mark.sockets, pytest.mark.django_db(transaction=True)]

PATIENCE_S = 20.0
XML = (("Content-Type", "text/xml"),)
PERSON = "15551230000"
AWAY = "http://127.0.0.1:1/sms"

Pages = dict[str, Reply]


def rcml(inner: str) -> Reply:
    return Reply(200, f"<Response>{inner}</Response>".encode(), XML)


def until(what: str, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def on_this_machine(settings: Settings) -> None:
    settings.CALLBACK_ALLOWED_NETWORKS = ["127.0.0.0/8"]


class Application:
    """The web server of a number, and the platform's worker that calls it."""

    def __init__(self, number: PhoneNumber) -> None:
        self.pages: Pages = {}
        self.receiver = CallbackReceiver(
            secret=number.account.signing_secret, reply=lambda request: self._page(request)
        )
        self.receiver.start()
        self.number = number
        self.set(sms_url=self.url("sms"))
        self.pump = NotifyPump()
        self.pump.start()

    def _page(self, request: Received) -> Reply:
        return self.pages.get(urlsplit(request.path).path.strip("/"), Reply(404))

    def url(self, page: str) -> str:
        return self.receiver.url + page

    def set(self, **fields: str) -> None:
        PhoneNumber.objects.filter(id=self.number.id).update(**fields)

    def tell(self, text: str = "Hi", **fields: object) -> Message:
        """Have a message come in, and wait until its application has been told."""
        receive.inbound([Inbound(PERSON, "+" + self.number.key, text, **fields)])  # type: ignore[arg-type]
        self.pump.wake()
        message = Message.objects.filter(direction="inbound").latest("id")
        until("the end of its call", lambda: self.row(message).state != "pending")
        return message

    def row(self, message: Message) -> Callback:
        return message.callbacks.get()

    def asked(self) -> list[str]:
        return [f"{r.method} {urlsplit(r.path).path.strip('/')}" for r in self.receiver.received]

    def close(self) -> None:
        self.pump.stop(10)
        self.receiver.close()


@pytest.fixture
def application(number: PhoneNumber) -> Iterator[Application]:
    link = Link.objects.create(name="carrier", host="127.0.0.1")
    Route.objects.create(prefix="", link=link)
    application = Application(number)
    yield application
    application.close()


def replies() -> list[tuple[str, str, str, str]]:
    rows = Message.objects.filter(direction="outbound-reply").order_by("id")
    return list(rows.values_list("sender", "recipient", "body", "status"))


def notes(message: Message) -> list[str]:
    return list(message.events.filter(kind=Event.Kind.ANSWER).values_list("raw", flat=True))


def test_an_application_is_told_in_both_dialects_and_signed(application: Application) -> None:
    application.pages["sms"] = Reply()
    message = application.tell("Grüße 😀", headers=(("SipHeader_X-Tag", "7"),))
    (request,) = application.receiver.received
    assert request.verified
    assert list(request.fields.items()) == [
        ("SmsSid", message.sid),
        ("AccountSid", application.number.account.sid),
        ("From", PERSON),
        ("To", "+19876543212"),
        ("Body", "Grüße 😀"),
        ("SipHeader_X-Tag", "7"),
        ("MessageSid", message.sid),
        ("SmsMessageSid", message.sid),
        ("SmsStatus", "received"),
        ("ApiVersion", "2012-04-24"),
        ("NumSegments", "1"),
        ("NumMedia", "0"),
    ]
    assert (replies(), notes(message)) == ([], [])


def test_a_number_may_want_to_be_asked_by_get(application: Application) -> None:
    application.pages["sms"] = Reply()
    application.set(sms_method="GET", sms_url=application.url("sms?shop=1"))
    application.tell()
    (request,) = application.receiver.received
    assert (request.method, request.verified) == ("GET", True)
    assert (request.fields["shop"], request.fields["Body"]) == ("1", "Hi")


def test_replies_go_back_from_the_number_that_was_texted(application: Application) -> None:
    application.pages["sms"] = rcml(
        '<Sms>one</Sms><Message to="15550001111" statusCallback="/done" method="GET">'
        "<Body>two</Body></Message><Say>no</Say>"
    )
    message = application.tell()
    assert replies() == [
        ("+19876543212", PERSON, "one", "sending"),
        ("+19876543212", "15550001111", "two", "sending"),
    ]
    second = Message.objects.get(body="two")
    assert second.link and second.due_at
    assert (second.callback_url, second.callback_method) == (application.url("done"), "GET")
    assert notes(message) == ["14110 <Say> is no verb for an SMS"]
    told = message.events.filter(kind=Event.Kind.REPLY).values_list("raw", flat=True)
    assert set(told) == set(Message.objects.exclude(id=message.id).values_list("sid", flat=True))


def test_a_plain_text_is_a_reply(application: Application) -> None:
    application.pages["sms"] = Reply(200, b"thanks", (("Content-Type", "text/plain"),))
    application.tell()
    assert replies() == [("+19876543212", PERSON, "thanks", "sending")]


def test_redirects_are_followed_so_often_and_no_more(application: Application) -> None:
    application.pages["sms"] = rcml("<Redirect method='GET'>next?x=1</Redirect>")
    application.pages["next"] = rcml("<Sms>here</Sms>")
    application.tell()
    assert application.asked() == ["POST sms", "GET next"]
    assert application.receiver.received[1].fields["x"] == "1"
    assert application.receiver.received[1].verified
    assert [reply[2] for reply in replies()] == ["here"]
    application.pages["next"] = rcml("<Redirect>/next</Redirect>")
    message = application.tell()
    assert len(application.asked()) == 2 + 11
    assert notes(message) == ["11100 more than 10 redirects"]


@pytest.mark.parametrize(
    ("page", "note"),
    [
        (rcml("<Redirect>ftp://x/</Redirect>"), "11100 invalid URL: the URL is not an absolute"),
        (rcml("<Sms to='x@y'>1</Sms><Sms>2</Sms>"), "14101 To must be a phone number"),
        (rcml("<Sms from='15550009999'>1</Sms>"), "14102 From is not an SMS-enabled number"),
        (rcml(f"<Sms>{'x' * 1601}</Sms>"), "14103 Body can not be longer than 1600"),
        (rcml("<Sms></Sms>"), "14103 <Sms> has no text"),
        (rcml("<Sms statusCallback='ftp://x/'>1</Sms>"), "14100 StatusCallback is not usable"),
        (rcml("<Sms to='x@y' action='/never'>1</Sms>"), "14101 To must be a phone number"),
        (Reply(200, b"{}", (("Content-Type", "application/json"),)), "12300 the answer's content"),
    ],
)
def test_what_cannot_be_done_is_noted_and_ends_it(
    application: Application, page: Reply, note: str
) -> None:
    application.pages["sms"] = page
    message = application.tell()
    assert application.row(message).state == Callback.State.DELIVERED
    (found,) = notes(message)
    assert found.startswith(note)
    assert (replies(), application.asked()) == ([], ["POST sms"])


def test_an_action_is_told_of_the_reply_and_goes_on(application: Application) -> None:
    application.pages["sms"] = rcml("<Sms action='/sent' method='GET'>1</Sms><Sms>never</Sms>")
    application.pages["sent"] = rcml("<Sms>2</Sms>")
    application.tell()
    assert application.asked() == ["POST sms", "GET sent"]
    assert [reply[2] for reply in replies()] == ["1", "2"]
    told = application.receiver.received[1].fields
    assert told["SmsSid"] == told["MessageSid"] == Message.objects.get(body="1").sid
    assert (told["SmsStatus"], told["From"], told["Body"]) == ("sending", PERSON, "Hi")


@pytest.mark.parametrize(
    ("page", "note"),
    [
        (Reply(500), "11200 answered 500"),
        (Reply(302, b"", (("Location", "/sms2"),)), "11200 redirect to /sms2 not followed"),
        (Reply(200, BILLION_LAUGHS, XML), "12100 not accepted in XML: DTDForbidden"),
        (Reply(200, EXTERNAL, XML), "12100 not accepted in XML: DTDForbidden"),
        (Reply(200, b"<a>" * 20_000, XML), "12100 the answer is deeper than 8 elements"),
        (Reply(200, b"<Response>" + b" " * 10_000_000, XML), "12100 the answer is not whole"),
        (Reply(200, b"<Response>\xff</Response>", XML), "12100 malformed XML"),
        (Reply(200, b"<html/>", (("Content-Type", "text/html"),)), "12100 the answer is no RCML"),
    ],
)
def test_an_answer_that_is_none_leads_to_the_fallback(
    application: Application, page: Reply, note: str
) -> None:
    application.set(sms_fallback_url=application.url("else"), sms_fallback_method="GET")
    application.pages |= {"sms": page, "else": rcml("<Sms>sorry</Sms>")}
    message = application.tell()
    assert application.asked() == ["POST sms", "GET else"]
    assert application.receiver.received[1].fields["SmsSid"] == message.sid
    (found,) = notes(message)
    assert found.startswith(note) and found.endswith("; the fallback is asked")
    assert [reply[2] for reply in replies()] == ["sorry"]


def test_a_url_of_which_nothing_can_come_leads_to_the_fallback(application: Application) -> None:
    application.set(sms_url="http://127.0.0.1:1/", sms_fallback_url=application.url("else"))
    application.pages["else"] = Reply()
    application.tell()
    assert application.asked() == ["POST else"]


def silence(url: str) -> None:
    """Have it known that the host of a URL does not answer, and not be tried for a while."""
    later = timezone.now() + timedelta(minutes=5)
    host = webhook.host_of(url)
    CallbackHost.objects.create(host=host, failures=10, opened_at=timezone.now(), probe_at=later)


def test_where_its_host_is_known_not_to_answer_the_fallback_is_asked_at_once(
    application: Application,
) -> None:
    application.set(sms_url=AWAY, sms_fallback_url=application.url("else"))
    application.pages["else"] = rcml("<Sms>sorry</Sms>")
    silence(AWAY)
    message = application.tell()
    assert application.asked() == ["POST else"]
    assert [reply[2] for reply in replies()] == ["sorry"]
    assert notes(message) == ["11200 its host has not answered others; the fallback is asked"]
    assert CallbackHost.objects.get().opened_at, "and is still left alone"


def test_a_message_waits_where_nobody_else_can_be_asked(application: Application) -> None:
    application.set(sms_url=AWAY)
    silence(AWAY)
    elsewhere = PhoneNumber.objects.create(
        account=application.number.account,
        number="15005550008",
        sms_url=AWAY,
        sms_fallback_url="http://127.0.0.1:2/sms",
    )
    silence(elsewhere.sms_fallback_url)
    for key in (application.number.key, elsewhere.key):
        receive.inbound([Inbound(PERSON, key, "Hi")])
    assert detour([webhook.host_of(AWAY)]) == 0
    assert set(Callback.objects.values_list("host", "attempts")) == {("127.0.0.1:1", 0)}


def test_a_host_that_is_being_tried_keeps_its_messages(application: Application) -> None:
    application.set(sms_url=AWAY, sms_fallback_url="http://127.0.0.1:2/sms")
    silence(AWAY)
    application.pump.stop(10)
    for _ in range(2):
        receive.inbound([Inbound(PERSON, application.number.key, "Hi")])
    probe, waiting = Callback.objects.order_by("id")
    Callback.objects.filter(id=probe.id).update(locked_until=timezone.now() + timedelta(minutes=1))
    assert detour([waiting.host]) == 0
    Callback.objects.filter(id=probe.id).update(locked_until=None)
    assert detour([waiting.host]) == 2


def test_when_all_fail_everything_is_tried_again_later(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify.verdict, "FIRST_RETRY_S", 0.05)
    application.set(sms_fallback_url=application.url("else"))
    application.pages |= {"sms": rcml("<Sms>1</Sms><Redirect>/gone</Redirect>")}
    receive.inbound([Inbound(PERSON, application.number.key, "Hi")])
    application.pump.wake()
    until("two rounds", lambda: application.asked().count("POST else") >= 2)
    application.pages |= {"gone": rcml("<Sms>2</Sms>")}
    message = Message.objects.get(direction="inbound")
    until("its end", lambda: application.row(message).state == "delivered")
    # The first reply was made in each round, and is one message all the same.
    assert [reply[2] for reply in replies()] == ["1", "2"]
    assert message.events.filter(kind=Event.Kind.REPLY).count() == 2
    assert "11200 answered 404; tried again" in notes(message)


def test_after_a_crash_the_same_answer_makes_no_second_reply(application: Application) -> None:
    application.pages["sms"] = rcml("<Sms>once</Sms>")
    message = application.tell()
    # As if nobody had recorded the answer.
    Hook.objects.update(hops=0, replies=0)
    Callback.objects.update(state="pending", finished_at=None, due_at=F("created_at"))
    application.pump.wake()
    until("the second call", lambda: application.row(message).state == "delivered")
    assert application.asked() == ["POST sms"] * 2
    assert len(replies()) == 1


def test_repeated_by_an_operator_it_begins_at_its_url_and_makes_no_second_reply(
    application: Application,
) -> None:
    application.set(sms_url=application.url("gone"), sms_fallback_url=application.url("sms"))
    application.pages["sms"] = rcml("<Sms>1</Sms><Redirect method='GET'>/next</Redirect>")
    application.pages["next"] = rcml("<Sms>2</Sms>")
    message = application.tell()
    chain = ["POST gone", "POST sms", "GET next"]
    assert (application.asked(), len(replies())) == (chain, 2)
    notify.repeat(Callback.objects.filter(message=message), by="test")
    application.pump.wake()
    until("the second talk", lambda: application.row(message).state == "delivered")
    assert application.asked() == chain * 2
    assert len(replies()) == 2
    ids = [request.headers["webhook-id"] for request in application.receiver.received]
    assert ids[:3] == ids[3:], "the receiver can tell that it has had them"


def test_each_document_is_asked_for_by_an_id_of_its_own(application: Application) -> None:
    """Or a receiver that drops what it has seen would never answer the second."""
    application.pages["sms"] = rcml("<Redirect>/next</Redirect>")
    application.pages["next"] = rcml("<Redirect method='GET'>/next</Redirect>")
    application.tell()
    first, second, third, *_ = [r.headers["webhook-id"] for r in application.receiver.received]
    assert len({first, second, third}) == 3


def test_one_message_has_so_many_replies_and_no_more(application: Application) -> None:
    application.pages["sms"] = rcml("<Sms>x</Sms>" * 15 + "<Redirect>/sms</Redirect>")
    message = application.tell()
    assert application.asked() == ["POST sms"] * 2
    assert len(replies()) == 20
    assert notes(message) == ["14100 more than 20 replies"]


def test_it_is_given_up_in_the_end(application: Application, settings: Settings) -> None:
    settings.CALLBACK_GIVE_UP_S = -1
    application.pages["sms"] = Reply(500)
    message = application.tell()
    assert application.row(message).state == Callback.State.FAILED
    assert notes(message) == ["11200 answered 500; given up"]


def test_replies_count_among_what_the_account_may_send(application: Application) -> None:
    Account.objects.update(max_messages_per_day=0)
    application.pages["sms"] = rcml("<Sms>1</Sms>")
    message = application.tell()
    assert replies() == []
    assert notes(message) == ["14100 the account has sent what it may send today"]


def test_a_message_that_lacks_a_part_says_so(application: Application) -> None:
    application.pages["sms"] = Reply()
    message = application.tell()
    assert "ErrorCode" not in application.receiver.received[0].fields
    Message.objects.filter(id=message.id).update(error_code=30009)
    Callback.objects.update(state="pending", finished_at=None, due_at=F("created_at"))
    application.pump.wake()
    until("the second call", lambda: len(application.receiver.received) == 2)
    assert application.receiver.received[1].fields["ErrorCode"] == "30009"
