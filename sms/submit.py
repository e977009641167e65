"""Accept a message: the first verb of its life.

One row is inserted, in autocommit, and its link is woken. Nothing here waits for a
broker, a carrier or a SIP client.
"""

import hashlib
from dataclasses import astuple, dataclass

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from accounts import limits, memory, numbers
from accounts.bounds import Bounds
from accounts.models import Client, PhoneNumber
from sms import blocking, copies, idempotency, meters, outbox, routing, text, wake, webhook
from sms.clients import whereabouts
from sms.copies import Copy
from sms.idempotency import NamedRequest
from sms.lifecycle import Direction
from sms.models import Message

METHODS = ("POST", "GET")
ENCODINGS = {"GSM": None, "UTF-8": None, "UCS-2": text.Encoding.UCS2}
"""What RestComm's `Encoding` says; only UCS-2 changes anything. Source: sms-api 2.1."""

LONGEST_PARTY = len(numbers.CLIENT_PREFIX) + 64


class Rejected(Exception):
    """The request cannot become a message; `parameter` is to blame.

    `error` is a word for programs, where the API has one.
    """

    def __init__(self, parameter: str, message: str, *, error: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter
        self.message = message
        self.error = error


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody asks to send, as it was given."""

    sender: str | None
    recipient: str | None
    body: str | None
    callback_url: str = ""
    callback_method: str = "POST"
    encoding: str = ""


def submit(
    draft: Draft,
    *,
    account_id: int,
    direction: Direction = Direction.OUTBOUND_API,
    quotas: Bounds = (),
    idempotency_key: str | None = None,
    copy: Copy | None = None,
) -> Message:
    """Store a message for sending and wake its link.

    The second time that a key comes with the same draft, return the first one's message.

    Raises Rejected, QuotaExceeded, KeyReused, AlreadyResent.
    Source: API document, "Send SMS"; sms-api 2.
    """
    request = _named(draft, account_id, idempotency_key)
    if request and (first := idempotency.first_answer(request)):
        return first
    message, link = _message(draft, account_id, direction)
    permits = limits.take_message(quotas)
    first = None
    try:
        if request:
            first = _insert_unless_named(message, request)
        elif copy:
            copies.insert(message, copy)
        else:
            _insert(message)
    except Exception:  # the key was another's, a copy is there, or the database is away
        limits.give_back_message(quotas, permits)
        raise
    if first:
        limits.give_back_message(quotas, permits)
        return first
    meters.ACCEPTED.count(direction.value)
    if link:
        wake.link(link)
    return message


def _named(draft: Draft, account_id: int, key: str | None) -> NamedRequest | None:
    if key is None:
        return None
    if not idempotency.is_key(key):
        raise Rejected(
            "Idempotency-Key", "Idempotency-Key must be 1 to 255 characters, none of them control."
        )
    return NamedRequest(account_id, key, idempotency.fingerprint(astuple(draft)))


def _message(draft: Draft, account_id: int, direction: Direction) -> tuple[Message, str]:
    """Make the row that a draft becomes; return it and the link to wake. Raises Rejected."""
    body = check(draft, account_id)
    if not draft.sender or not draft.recipient:  # told to the caller by check
        raise AssertionError
    sender, recipient = draft.sender, draft.recipient
    to_client = recipient.startswith(numbers.CLIENT_PREFIX)
    encoding = ENCODINGS[(draft.encoding or "GSM").upper()] or text.choose(body)
    # What may not pass gets no link: the sweep ends it within a second, as it does whatever
    # has nowhere to go.
    passage = blocking.Passage(account_id, sender, recipient)
    way_to = _to_client if to_client else _route
    now = timezone.now()
    message = outbox.make(
        account_id=account_id,
        direction=direction,
        sender=sender,
        sender_key=numbers.key(sender),
        recipient=recipient,
        recipient_key=numbers.key(recipient),
        body=body,
        encoding="" if to_client else encoding,
        num_segments=None if to_client else text.count_segments(body, encoding),
        callback_url="" if to_client else draft.callback_url,
        callback_method=draft.callback_method.upper(),
        callback_host="" if to_client else webhook.host_of(draft.callback_url),
        # Only its own edge reaches a client; no carrier knows it.
        is_pinned=to_client,
        date_created=now,
        date_updated=now,
    )
    return message, "" if blocking.refusal(passage) else way_to(message)


def _to_client(message: Message) -> str:
    """Give a message the edge where its client is; return its name, empty where it is away."""
    place = whereabouts.find(message.recipient, sender_account_id=message.account_id).place
    if place is None:
        return ""
    message.link_id = place.link_id
    return place.link_name


def _route(message: Message) -> str:
    """Give a message the link that routing chooses; return its name.

    Without one, because none fits or has room, or each costs too much, the message is
    accepted all the same: the sweep looks once more, and ends it with the reason.
    """
    choice = routing.choose(
        routing.Traits(
            message.sid,
            message.recipient_key,
            message.account_id,
            message.sender_key,
            message.num_segments or 1,
        )
    )
    if choice.way is None:
        return ""
    message.link_id, message.routed_by = choice.way.link_id, choice.note
    return choice.way.link_name


def _insert_unless_named(message: Message, request: NamedRequest) -> Message | None:
    """Insert message and key together, unless the same request came at the same time.

    Returns the other's message then, after waiting for its commit. Raises KeyReused.
    """
    try:
        with transaction.atomic():
            outbox.insert(message)
            idempotency.keep(request, message)
    except IntegrityError:
        first = idempotency.first_answer(request)
        if first is None:
            raise
        return first
    return None


def _insert(message: Message) -> None:
    """Insert once, also where the database has dropped our idle connection meanwhile.

    Asking for a connection's health before each request would cost a round trip; trying
    again costs nothing, and the sid keeps a second try from becoming a second message.
    """
    try:
        outbox.insert(message)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        outbox.insert_again(message)


def check(draft: Draft, account_id: int) -> str:
    """Check a draft, parameter by parameter; return its body fit to be sent."""
    _check_presence(draft)
    body = text.clean(draft.body or "")
    if "\x00" in body:
        raise Rejected("Body", "Body can not contain NUL characters.")
    if len(body) > settings.SMS_MAX_BODY_LENGTH:
        raise Rejected(
            "Body", f"Body can not be longer than {settings.SMS_MAX_BODY_LENGTH} characters."
        )
    _check_recipient(draft.recipient or "")
    _check_sender(draft.sender or "", account_id)
    _check_options(draft)
    return body


def _check_presence(draft: Draft) -> None:
    # RestComm's texts and order; clients match on them.
    parameters = {"From": draft.sender, "To": draft.recipient, "Body": draft.body}
    for name, value in parameters.items():
        if value is None:
            raise Rejected(name, f"{name} can not be null.")
    for name, value in parameters.items():
        if not value:
            raise Rejected(name, f"{name} can not be empty.")


def _check_recipient(recipient: str) -> None:
    if recipient.startswith(numbers.CLIENT_PREFIX):
        if not numbers.is_login(recipient.removeprefix(numbers.CLIENT_PREFIX)):
            raise Rejected("To", "To does not name a client: client: is followed by its login.")
    elif not numbers.is_number(recipient):
        raise Rejected("To", "To must be a phone number (3 to 15 digits) or client: and a login.")


def _check_sender(sender: str, account_id: int) -> None:
    if not _may_send(sender, account_id):
        raise Rejected(
            "From",
            "From is not an SMS-enabled number of this account.",
            error="FROM_NOT_SMS_ENABLED",
        )


def _may_send(sender: str, account_id: int) -> bool:
    """Say whether an account may use a sender. Only a yes is remembered, for seconds."""
    if len(sender) > LONGEST_PARTY:
        return False
    known = f"sender:{account_id}:{hashlib.sha256(sender.encode()).hexdigest()}"
    return memory.recall(
        known, lambda: _owns_number(sender, account_id) or _owns_client(sender, account_id)
    )


def _owns_number(sender: str, account_id: int) -> bool:
    if not (numbers.is_number(sender) or numbers.is_alphanumeric_sender(sender)):
        return False
    return PhoneNumber.objects.filter(
        account_id=account_id, key=numbers.key(sender), sms_enabled=True
    ).exists()


def _owns_client(sender: str, account_id: int) -> bool:
    login = sender.removeprefix(numbers.CLIENT_PREFIX)
    if not numbers.is_login(login):
        return False
    return Client.objects.with_login(login).filter(account_id=account_id).exists()


def _check_options(draft: Draft) -> None:
    if draft.callback_method.upper() not in METHODS:
        raise Rejected("StatusCallbackMethod", "StatusCallbackMethod must be GET or POST.")
    if (draft.encoding or "GSM").upper() not in ENCODINGS:
        raise Rejected("Encoding", "Encoding must be GSM, UCS-2 or UTF-8.")
    if draft.callback_url and (reason := webhook.check_url(draft.callback_url)):
        raise Rejected("StatusCallback", f"StatusCallback is not usable: {reason}")
