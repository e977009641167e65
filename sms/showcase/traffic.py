"""Messages of a week, more by day than by night, and what became of them."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts import sids
from accounts.models import Account
from accounts.numbers import key
from sms import text
from sms.errors import ErrorCode
from sms.lifecycle import Direction, SegmentState, Status
from sms.models import Callback, CallbackAttempt, Event, Link, Message, Segment
from sms.showcase.customers import Shop
from sms.showcase.network import CARRIERS, Carrier

WEEK = timedelta(days=7)
_LOST = (
    (Status.UNDELIVERED, ErrorCode.UNREACHABLE_HANDSET, "stat:UNDELIV err:001", 5),
    (Status.UNDELIVERED, ErrorCode.UNKNOWN_HANDSET, "stat:UNDELIV err:005", 3),
    (Status.FAILED, ErrorCode.CARRIER_VIOLATION, "stat:REJECTD err:007", 2),
    (Status.FAILED, ErrorCode.UNKNOWN, "stat:EXPIRED err:099", 1),
)
_HELLO = ("Thanks!", "5", "Yes please", "C", "Wann kommt mein Paket?", "STOP", "ok 👍")


@dataclass(slots=True)
class _Batch:
    messages: list[Message]
    segments: list[Segment]
    callbacks: list[Callback]
    attempts: list[CallbackAttempt]
    events: list[Event]


def make(
    count: int,
    *,
    chance: random.Random,
    now: datetime,
    links: dict[str, Link],
    shops: Sequence[tuple[Shop, Account]],
) -> None:
    """Make that many messages, the newest last."""
    batch = _Batch([], [], [], [], [])
    times = sorted(_moment(chance, now) for _ in range(count))
    for at in times:
        shop, account = chance.choice(shops)
        if chance.random() < 0.12:
            _inbound(batch, chance, at, shop, account, links)
        else:
            _outbound(batch, chance, at, now, shop, account, links)
    for number in range(5):
        _waiting(batch, chance, now - timedelta(minutes=3 * number), shops, links)
    batch.messages.sort(key=lambda message: message.date_created)
    Message.objects.bulk_create(batch.messages, batch_size=500)
    Segment.objects.bulk_create(batch.segments, batch_size=500)
    Callback.objects.bulk_create(batch.callbacks, batch_size=500)
    CallbackAttempt.objects.bulk_create(batch.attempts, batch_size=500)
    Event.objects.bulk_create(batch.events, batch_size=500)


def _moment(chance: random.Random, now: datetime) -> datetime:
    """Draw a time: some of the last hour, the others as days have them."""
    if chance.random() < 0.03:
        return now - timedelta(seconds=chance.uniform(5, 3600))
    while True:
        at = now - WEEK * chance.random()
        if chance.random() < 0.55 - 0.45 * math.cos((at.hour + at.minute / 60 - 2) * math.pi / 12):
            return at


def _message(
    chance: random.Random, at: datetime, shop: Shop, account: Account, body: str
) -> Message:
    person = f"49{chance.choice(('151', '160', '171', '176'))}{chance.randrange(10**7):07}"
    return Message(
        sid=_sid(at),
        account=account,
        direction=Direction.OUTBOUND_API,
        sender=shop.sender,
        sender_key=key(shop.sender),
        recipient=person,
        recipient_key=key(person),
        body=body,
        encoding=text.choose(body),
        num_segments=len(text.segments(body)),
        callback_url=f"https://{shop.host}/sms",
        callback_method="POST",
        date_created=at,
        date_updated=at,
        due_at=None,
    )


def _sid(at: datetime) -> str:
    """Make a sid of that moment: lists are sorted by them."""
    new = sids.new_message_sid()
    return f"{new[:2]}{int(at.timestamp() * 1000):012x}{new[14:]}"


def _inbound(
    batch: _Batch,
    chance: random.Random,
    at: datetime,
    shop: Shop,
    account: Account,
    links: dict[str, Link],
) -> None:
    message = _message(chance, at, shop, account, chance.choice(_HELLO))
    message.sender, message.recipient = message.recipient, shop.number
    message.sender_key, message.recipient_key = key(message.sender), key(shop.number)
    message.direction, message.status = Direction.INBOUND, Status.RECEIVED
    message.link = links["rheintel-de"]
    batch.messages.append(message)


def _outbound(
    batch: _Batch,
    chance: random.Random,
    at: datetime,
    now: datetime,
    shop: Shop,
    account: Account,
    links: dict[str, Link],
) -> None:
    [carrier] = chance.choices(CARRIERS, [carrier.share for carrier in CARRIERS])
    message = _message(chance, at, shop, account, chance.choice(shop.texts))
    message.link = links[carrier.name]
    message.routed_by = f"{carrier.name} by prefix 49, priority 10"
    if carrier.kind == "sip":
        login = chance.choice(("reception", "dr-yilmaz"))
        message.recipient, message.recipient_key = f"client:{login}", login
        message.num_segments = None
    batch.messages.append(message)
    if chance.random() < 0.006:
        message.status, message.error_code = Status.FAILED, ErrorCode.BLOCKED
        batch.events.append(Event(message=message, at=at, kind=Event.Kind.BLOCKED))
        return
    sent = at + timedelta(seconds=chance.lognormvariate(math.log(carrier.sent_s), 0.6))
    done = sent + timedelta(seconds=chance.lognormvariate(math.log(carrier.delivered_s), 0.7))
    message.status, message.date_sent, message.date_updated = Status.SENT, sent, sent
    receipt = ""
    if done < now and chance.random() > 0.015:  # some receipts never come
        status, code, receipt = _end(chance, carrier)
        message.status, message.error_code, message.date_updated = status, code, done
    _segments(batch, chance, message, sent, done, receipt)
    _callbacks(batch, chance, message, shop, now)


def _end(chance: random.Random, carrier: Carrier) -> tuple[Status, ErrorCode | None, str]:
    if chance.random() >= carrier.fails:
        return Status.DELIVERED, None, "stat:DELIVRD err:000"
    [(status, code, receipt, _)] = chance.choices(_LOST, [weight for *_, weight in _LOST])
    return status, code, receipt


def _segments(
    batch: _Batch,
    chance: random.Random,
    message: Message,
    sent: datetime,
    done: datetime,
    receipt: str,
) -> None:
    states = {
        Status.SENT: SegmentState.ACCEPTED,
        Status.DELIVERED: SegmentState.DELIVERED,
        Status.UNDELIVERED: SegmentState.UNDELIVERED,
        Status.FAILED: SegmentState.FAILED,
    }
    for number in range(1, (message.num_segments or 1) + 1):
        remote_id = f"{chance.randrange(16**10):010x}"
        batch.segments.append(
            Segment(
                message=message,
                number=number,
                link=message.link,
                state=states[Status(message.status)],
                remote_id=remote_id,
                remote_key=remote_id,
                answer="accepted",
                receipt=receipt,
                submitted_at=message.date_created + (sent - message.date_created) / 2,
                answered_at=sent,
                receipt_at=done if receipt else None,
            )
        )


def _callbacks(
    batch: _Batch, chance: random.Random, message: Message, shop: Shop, now: datetime
) -> None:
    sent_at = message.date_sent or message.date_created
    owed = [(Callback.Event.SENT, Status.SENT.value, sent_at)]
    if message.status != Status.SENT:
        owed.append((Callback.Event.DELIVERY, str(message.status), message.date_updated))
    for event, status, at in owed:
        is_taken = shop.takes_callbacks or at < now - timedelta(minutes=52)
        callback = Callback(
            message=message,
            account=message.account,
            event=event,
            status=status,
            url=message.callback_url,
            method="POST",
            host=f"{shop.host}:443",
            created_at=at,
            state=Callback.State.DELIVERED if is_taken else Callback.State.PENDING,
            due_at=at if is_taken else at + timedelta(minutes=55),
            attempts=1,
            last_answer="answered 200" if is_taken else "answered 503",
            finished_at=at if is_taken else None,
        )
        batch.callbacks.append(callback)
        batch.attempts.append(
            CallbackAttempt(
                callback=callback,
                at=at,
                status=200 if is_taken else 503,
                error="" if is_taken else "answered 503",
                latency_ms=chance.randrange(4, 90),
            )
        )


def _waiting(
    batch: _Batch,
    chance: random.Random,
    at: datetime,
    shops: Sequence[tuple[Shop, Account]],
    links: dict[str, Link],
) -> None:
    """Add one that waits for the link that is away."""
    shop, account = chance.choice(shops)
    message = _message(chance, at, shop, account, chance.choice(shop.texts))
    person = f"1212555{chance.randrange(10**4):04}"
    message.recipient = message.recipient_key = person
    message.link, message.status, message.due_at = links["atlas-us"], Status.QUEUED, at
    message.routed_by = "atlas-us by prefix 1, priority 10"
    batch.messages.append(message)
