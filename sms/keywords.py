"""STOP, START and HELP: what people write to a number about its messages as such.

The words and the answers are settings. Which one a text is, only a whole text says: "STOP!"
is one, "stop by tomorrow" is none. Source: CTIA Messaging Principles §5.1; sms-api 6.5.
"""

import re
from enum import StrEnum
from functools import partial

from django.conf import settings
from django.db import transaction

from accounts import limits, numbers
from sms import wake
from sms.lifecycle import Direction
from sms.models import Event, KeywordReply, Message, OptOut
from sms.submit import Draft, Rejected, submit

_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


class Word(StrEnum):
    """What a keyword asks for."""

    STOP = "STOP"
    """No more messages from this number."""
    START = "START"
    """Messages again."""
    HELP = "HELP"
    """Who this is."""


def word_of(body: str) -> Word | None:
    """Say which word a text is, without regard to case and to what stands around it."""
    bare = _AROUND.sub("", body).casefold()
    if not bare:
        return None
    words = {
        Word.STOP: settings.SMS_STOP_WORDS,
        Word.START: settings.SMS_START_WORDS,
        Word.HELP: settings.SMS_HELP_WORDS,
    }
    for word, ways in words.items():
        if any(bare == way.strip().casefold() for way in ways):
            return word
    return None


def heed(message: Message) -> Word | None:
    """Do what an inbound message asks for, if it is a keyword, and return which one it was.

    Only inside the transaction that stores it: both happen, or neither. Somebody who has not
    stopped anything may say YES to something else.
    """
    word = word_of(message.body)
    if word is None or not numbers.is_number(message.sender):
        return None
    between = OptOut.objects.between(message.account_id, message.recipient, message.sender)
    is_stopped = between.exists()
    if word is Word.START:
        if not is_stopped:
            return None
        between.delete()
    if word is Word.HELP or (word is Word.STOP) != is_stopped:
        _answer(message, word)
    if word is Word.STOP and not is_stopped:
        # Behind its confirmation, which finds its link at once that way.
        OptOut.objects.create(
            account_id=message.account_id,
            number=message.recipient_key,
            person=message.sender_key,
            word=message.body.strip()[:40],
            message=message,
        )
    Event.objects.create(message=message, kind=Event.Kind.KEYWORD, raw=word)
    return word


def _answer(message: Message, word: Word) -> None:
    """Confirm to the person what was done. Never a reason not to have done it."""
    body = {
        Word.STOP: settings.SMS_STOP_REPLY,
        Word.START: settings.SMS_START_REPLY,
        Word.HELP: settings.SMS_HELP_REPLY,
    }[word]
    if not body:
        return
    draft = Draft(sender=message.recipient, recipient=message.sender, body=body)
    try:
        with transaction.atomic():
            reply = submit(draft, account_id=message.account_id, direction=Direction.OUTBOUND_REPLY)
    except (Rejected, limits.QuotaExceeded) as error:
        Event.objects.create(message=message, kind=Event.Kind.KEYWORD, raw=str(error)[:255])
        return
    KeywordReply.objects.create(message=reply, word=word)
    Event.objects.create(message=message, kind=Event.Kind.REPLY, raw=reply.sid)
    if reply.link_id and reply.link:
        transaction.on_commit(partial(wake.link, reply.link.name))
