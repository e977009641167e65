"""REGISTER: where a client is, is kept before it is told so. Source: RFC 3261 §10.3."""

from collections.abc import Callable
from email.utils import formatdate

from sms.transports.sip.fields import user_of
from sms.transports.sip.office import Office
from sms.transports.sip.registrar import Refused, Registrar, Update, contacts_of
from sms.transports.sip.server.replies import COME_AGAIN, Asked, Replies


class Registration:
    """Answers REGISTER."""

    def __init__(
        self,
        *,
        registrar: Registrar,
        office: Office,
        replies: Replies,
        wall: Callable[[], float],
    ) -> None:
        self._registrar = registrar
        self._office = office
        self._replies = replies
        self._wall = wall

    def register(self, asked: Asked) -> None:
        """Note where a client is, or that it is no more. Raises Malformed."""
        if user_of(asked.request.party("to").uri).lower() != asked.login.lower():
            self._replies.answer(asked, 403, reason="Not your own address")
            return
        try:
            update = self._registrar.update(asked.request, asked.login, asked.flow, self._wall())
        except Refused as refused:
            self._replies.answer(asked, refused.status, refused.headers, reason=refused.reason)
            return
        if not update.writes and not update.removed:
            self._registered(asked, update)
            return

        def kept(is_kept: bool) -> None:
            if is_kept:
                self._registered(asked, update)
            else:
                self._replies.answer(asked, 503, COME_AGAIN)

        self._office.write(update.writes, update.removed, kept)

    def _registered(self, asked: Asked, update: Update) -> None:
        self._registrar.apply(update)
        now = self._wall()
        contacts = contacts_of(self._registrar.of(asked.login, now), now)
        self._replies.answer(asked, 200, [*contacts, ("date", formatdate(now, usegmt=True))])
