"""What arrived is stored once, whole, and found: whoever's it is."""

import random
import threading
from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import unrouted
from accounts.models import Account, PhoneNumber
from sms import receive
from sms.models import Arrival, Event, Link, Message
from sms.sweep import TASKS
from sms.transports.base import Inbound

pytestmark = pytest.mark.django_db

OURS = "19876543212"


def part(number: int, text: str, *, parts: int = 3, **fields: object) -> Inbound:
    values: dict[str, object] = {
        "sender": "9999",
        "recipient": OURS,
        "reference": 7,
        "scheme": "udh8",
        "session": "one",
    }
    return Inbound(part=number, parts=parts, text=text, **{**values, **fields})  # type: ignore[arg-type]


def single(text: str, **fields: object) -> Inbound:
    return part(1, text, parts=1, **{"reference": 0, "scheme": "", **fields})


def bodies() -> list[str]:
    return list(Message.objects.order_by("id").values_list("body", flat=True))


def notes() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("id").values_list("kind", "raw"))


def let_time_pass(seconds: float) -> None:
    """Move what is remembered into the past."""
    for row in Arrival.objects.all():
        row.due_at -= timedelta(seconds=seconds)
        row.save()


@pytest.mark.parametrize("written", ["9876", "+1 987", "19876543212", "+19876543212"])
def test_a_message_is_stored_for_the_number_however_it_is_written(
    account: Account, written: str
) -> None:
    number = PhoneNumber.objects.create(account=account, number=written.replace(" ", ""))
    link = Link.objects.create(name="acme", host="127.0.0.1")
    receive.inbound([single("hi \x00", recipient=number.key)], link_id=link.id)
    message = Message.objects.get()
    assert (message.account, message.link) == (account, link)
    assert (message.status, message.direction) == ("received", "inbound")
    assert (message.sender, message.recipient) == ("9999", number.key)
    assert (message.body, message.num_segments, message.error_code) == ("hi \ufffd", 1, None)
    assert message.date_sent is not None and message.due_at is None


def test_a_short_code_is_not_the_end_of_a_long_number(number: PhoneNumber) -> None:
    receive.inbound([single("hi", recipient="43212")])
    assert Message.objects.get().account.sid == unrouted.SID


def test_a_message_for_nobodys_number_is_kept_for_operators() -> None:
    receive.inbound([single("hi"), single("ho", sender="8888")])
    owners = {message.account for message in Message.objects.all()}
    (owner,) = owners
    assert (owner.sid, owner.is_active) == (unrouted.SID, False)
    assert notes() == [("unrouted", "11005 destination not hosted")] * 2
    receive.inbound([single("later")])
    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    ("of_number", "of_account", "reason"),
    [
        ({}, {}, "12003 no SMS URL for the number"),
        (
            {"sms_enabled": False, "sms_url": "http://x/"},
            {},
            "12003 the number is not SMS-enabled",
        ),
        ({"sms_url": "http://x/"}, {"status": "suspended"}, "11005 the account is not active"),
    ],
)
def test_a_message_of_which_nobody_is_told_is_stored_and_says_why(
    number: PhoneNumber, of_number: dict[str, object], of_account: dict[str, object], reason: str
) -> None:
    PhoneNumber.objects.update(**of_number)
    Account.objects.update(**of_account)
    receive.inbound([single("hi")])
    assert Message.objects.get().account == number.account
    assert notes() == [("not-told", reason)]


def test_parts_make_one_message_in_whatever_order_they_come(number: PhoneNumber) -> None:
    PhoneNumber.objects.update(sms_url="http://x/")
    receive.inbound([part(3, "c"), part(1, "a")])
    assert bodies() == []
    receive.inbound([part(2, "b")])
    assert bodies() == ["abc"]
    assert Message.objects.get().num_segments == 3
    assert notes() == []


def test_halves_of_a_character_meet_again(number: PhoneNumber) -> None:
    receive.inbound([part(1, "x\ud83d", parts=2)])
    receive.inbound([part(2, "\ude00y", parts=2)])
    assert bodies() == ["x😀y"]


def test_half_a_character_that_stays_alone_is_replaced(number: PhoneNumber) -> None:
    receive.inbound([single("x\ud83d")])
    assert bodies() == ["x\ufffd"]


@pytest.mark.parametrize(
    "other",
    [
        {"sender": "8888"},
        {"recipient": "15550000001"},
        {"reference": 8},
        {"scheme": "udh16"},
        {"scheme": "sar"},
        {"parts": 4},
    ],
)
def test_parts_of_another_message_are_kept_apart(
    number: PhoneNumber, other: dict[str, object]
) -> None:
    receive.inbound([part(1, "a"), part(2, "b"), part(3, "c", **other)])  # type: ignore[arg-type]
    assert bodies() == []
    receive.inbound([part(3, "C")])
    assert bodies() == ["abC"]


def test_parts_of_one_message_may_come_over_several_sessions_and_links(
    number: PhoneNumber,
) -> None:
    first, second = (Link.objects.create(name=name, host="127.0.0.1") for name in ("a", "b"))
    receive.inbound([part(1, "a", session="x"), part(3, "c", session="x")], link_id=first.id)
    receive.inbound([part(2, "b", session="y", sender="+9999")], link_id=second.id)
    assert bodies() == ["abc"]


def test_a_part_that_comes_twice_counts_once(number: PhoneNumber) -> None:
    receive.inbound([part(1, "a"), part(1, "a"), part(2, "b")])
    receive.inbound([part(2, "b"), part(3, "c"), part(3, "c")])
    receive.inbound([part(1, "a"), part(2, "b", session="two"), part(3, "c")])
    assert bodies() == ["abc"]
    assert notes() == [("not-told", "12003 no SMS URL for the number")]


def test_a_segment_delivered_again_after_its_answer_was_lost_makes_no_second_message(
    number: PhoneNumber,
) -> None:
    receive.inbound([single("yes")])
    receive.inbound([single("yes", session="two")])
    assert bodies() == ["yes"]


def test_a_person_may_say_the_same_twice(number: PhoneNumber) -> None:
    receive.inbound([single("yes"), single("yes")])
    receive.inbound([single("yes")])
    assert bodies() == ["yes"] * 3


def test_what_was_said_long_ago_is_not_a_repeat(number: PhoneNumber) -> None:
    receive.inbound([single("yes")])
    let_time_pass(301)
    receive.inbound([single("yes", session="two")])
    assert bodies() == ["yes"] * 2


def test_a_peer_without_sessions_is_taken_by_its_word(number: PhoneNumber) -> None:
    receive.inbound([single("yes", session=""), single("yes", session="")])
    assert bodies() == ["yes"] * 2
    assert not Arrival.objects.exists()


def test_a_reference_that_comes_round_again_begins_a_new_message(number: PhoneNumber) -> None:
    receive.inbound([part(n, text) for n, text in ((1, "a"), (2, "b"), (3, "c"))])
    receive.inbound([part(n, text) for n, text in ((1, "x"), (2, "y"), (3, "z"))])
    assert bodies() == ["abc", "xyz"]
    let_time_pass(301)
    receive.inbound([part(n, text) for n, text in ((1, "x"), (2, "y"), (3, "z"))])
    assert bodies() == ["abc", "xyz", "xyz"]


def test_a_reference_that_comes_round_too_early_ends_the_message_before(
    number: PhoneNumber,
) -> None:
    receive.inbound([part(1, "a"), part(2, "b")])
    receive.inbound([part(1, "x"), part(2, "y"), part(3, "z")])
    assert bodies() == ["ab[part 3 of 3 is missing]", "xyz"]
    assert [message.error_code for message in Message.objects.order_by("id")] == [30009, None]


def test_a_message_that_lacks_a_part_for_too_long_is_stored_without_it(
    number: PhoneNumber,
) -> None:
    PhoneNumber.objects.update(sms_url="http://x/")
    receive.inbound([part(1, "a"), part(3, "c")])
    assert receive.settle_arrivals() == 0
    let_time_pass(601)
    assert receive.settle_arrivals() == 1
    message = Message.objects.get()
    assert message.body == "a[part 2 of 3 is missing]c"
    assert (message.status, message.error_code, message.num_segments) == ("received", 30009, 3)
    assert notes() == [("part-missing", "2 of 3")]
    assert receive.settle_arrivals() == 0


def test_a_part_that_comes_too_late_mends_its_message(number: PhoneNumber) -> None:
    PhoneNumber.objects.update(sms_url="http://x/")
    receive.inbound([part(1, "a")])
    let_time_pass(601)
    receive.settle_arrivals()
    receive.inbound([part(3, "c")])
    assert (bodies(), Message.objects.get().error_code) == (["a[part 2 of 3 is missing]c"], 30009)
    receive.inbound([part(2, "b"), part(2, "b")])
    assert (bodies(), Message.objects.get().error_code) == (["abc"], None)
    assert notes()[1:] == [
        ("part-late", "still missing: 2"),
        ("part-late", "nothing is missing now"),
    ]


def test_what_is_long_done_is_forgotten(number: PhoneNumber) -> None:
    receive.inbound([single("yes"), part(1, "a")])
    let_time_pass(301)
    assert receive.settle_arrivals() == 1
    assert [row.parts for row in Arrival.objects.all()] == [3]
    assert receive.settle_arrivals in TASKS


def test_what_is_no_text_says_so_in_its_timeline(number: PhoneNumber) -> None:
    PhoneNumber.objects.update(sms_url="http://x/")
    receive.inbound([single("00ff", remark="data_coding 0x04 is no text")])
    assert notes() == [("remark", "data_coding 0x04 is no text")]


def shuffled_with_repeats(messages: int) -> list[Inbound]:
    """Make three-part messages that share references across senders, each segment once or twice."""
    dice = random.Random(7)
    segments = [
        part(n, f"{m}-{n};", sender=f"44{m // 5:08}", reference=m % 5, session=dice.choice("ab"))
        for m in range(messages)
        for n in (1, 2, 3)
    ]
    segments += dice.sample(segments, len(segments) // 3)
    dice.shuffle(segments)
    return segments


def batches(items: list[Inbound], size: int) -> Iterable[list[Inbound]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def test_a_thousand_interleaved_messages_are_each_made_once(number: PhoneNumber) -> None:
    for batch in batches(shuffled_with_repeats(1000), 400):
        receive.inbound(batch)
    assert sorted(bodies()) == sorted(f"{m}-1;{m}-2;{m}-3;" for m in range(1000))


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_parts_of_the_same_messages_make_each_once(number: PhoneNumber) -> None:
    segments = shuffled_with_repeats(60)
    errors: list[BaseException] = []

    def work(mine: list[Inbound]) -> None:
        try:
            for batch in batches(mine, 10):
                receive.inbound(batch)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    # Each has all of them, so that they meet at every row.
    workers = [threading.Thread(target=work, args=(segments,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert errors == []
    assert sorted(bodies()) == sorted(f"{m}-1;{m}-2;{m}-3;" for m in range(60))
    assert timezone.now() > Message.objects.latest("id").date_created


@pytest.mark.parametrize("session", ["", "one"])
def test_an_address_longer_than_a_row_holds_is_cut(session: str) -> None:
    receive.inbound([single("Hi", sender="9" * 200, session=session)])
    assert Message.objects.get().sender == "9" * 80
    assert ("remark", "an address was cut to 80 characters") in notes()
