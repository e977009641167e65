"""MESSAGE: what a client says is answered when the platform has it. Source: RFC 3428 §7."""

import itertools
import logging
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Final

from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.transports.base import Inbound, Receipt, Refusal, Report
from sms.transports.sip import content
from sms.transports.sip.fields import user_of
from sms.transports.sip.message import Message, Request
from sms.transports.sip.server.replies import COME_AGAIN, Asked, Replies

logger = logging.getLogger(__name__)

_OWN_HEADER: Final = re.compile(r"x-[a-z0-9-]{1,60}")
_OWED_MAX: Final = 5_000
"""Reports that may wait for the database."""

_REFUSALS: Final[Mapping[Refusal, tuple[int, str]]] = {
    Refusal.UNKNOWN_RECIPIENT: (404, "Not Found"),
    Refusal.NOT_ALLOWED: (403, "Forbidden"),
    Refusal.OVER_LIMIT: (403, "Daily limit reached"),
    Refusal.EMPTY: (400, "No text"),
    Refusal.TOO_LONG: (413, "Text too long"),
}
_CODES: Final[Mapping[Status | None, ErrorCode | None]] = {Status.FAILED: ErrorCode.UNKNOWN}


class Post:
    """Hands in what clients say, and owes them an answer."""

    def __init__(self, *, replies: Replies, report: Callable[[Report], None]) -> None:
        self._replies = replies
        self._report = report
        self._session = secrets.token_hex(8)
        """Names this run: what comes again after it is known as a repetition."""
        self._tokens = itertools.count(1)
        self._owed: dict[int, Asked] = {}

    def take(self, asked: Asked) -> None:
        """Take what a client says. Raises Malformed."""
        try:
            read = content.read_content(asked.request)
        except content.Unsupported:
            accepted = (("accept", content.ACCEPT), ("accept-encoding", content.ACCEPT_ENCODING))
            self._replies.answer(asked, 415, accepted)
            return
        if isinstance(read, content.Nothing):
            self._replies.answer(asked, 200)
        elif len(self._owed) >= _OWED_MAX:
            self._replies.answer(asked, 503, COME_AGAIN)
        else:
            token = next(self._tokens)
            report: Report
            if isinstance(read, content.Notification):
                report = _receipt(read, token)
            else:
                report = self._inbound(asked, read, token)
            self._hand_in(asked, report, token)

    def answer(self, tokens: Collection[int], *, stored: bool) -> None:
        """Answer what the platform has stored, or could not store now."""
        for token in tokens:
            if asked := self._owed.pop(token, None):
                is_note = asked.request.headers.get("content-type").startswith("message/imdn")
                status = (200 if is_note else 202) if stored else 503
                self._replies.answer(asked, status, () if stored else COME_AGAIN)

    def refuse(self, refusals: Mapping[int, Refusal]) -> None:
        """Answer what the platform does not take."""
        for token, refusal in refusals.items():
            if asked := self._owed.pop(token, None):
                status, reason = _REFUSALS[refusal]
                self._replies.answer(asked, status, reason=reason)

    def forget_owed(self) -> None:
        """Let go of what nobody will answer any more."""
        self._owed.clear()

    def _inbound(self, asked: Asked, read: content.Text, token: int) -> Inbound:
        sender = user_of(asked.request.party("from").uri)
        own = sender.lower() == asked.login.lower()
        return Inbound(
            sender=asked.login if own else sender,
            recipient=user_of(asked.request.uri),
            text=read.text,
            token=token,
            login=asked.login,
            request_id=_request_id(asked.request),
            session=self._session,
            headers=_extra_headers(asked.request),
        )

    def _hand_in(self, asked: Asked, report: Report, token: int) -> None:
        self._owed[token] = asked
        try:
            self._report(report)
        except Exception:
            logger.exception("a client's message was not taken")
            self._owed.pop(token, None)
            self._replies.answer(asked, 503, COME_AGAIN)


def _receipt(note: content.Notification, token: int) -> Receipt:
    return Receipt(
        remote_id=note.message_id,
        remote_keys=(note.message_id,) if note.message_id else (),
        status=note.status,
        code=_CODES.get(note.status),
        raw=f"imdn:{note.word}",
        token=token,
    )


def _extra_headers(request: Request) -> tuple[tuple[str, str], ...]:
    """List the client's own headers. Source: sms-api 7.4."""
    own = [(name, value) for name, value in request.headers.items if _OWN_HEADER.fullmatch(name)]
    return tuple((f"SipHeader_{name.title()}", value[:200]) for name, value in own[:10])


def _request_id(message: Message) -> str:
    number, _ = message.cseq
    return f"{message.call_id[:200]} {number}"
