"""A log line for each step of a message, with its sid, where LOG_MESSAGES asks for them.

What a person looks for in the logs of all processes when a customer names a message; the
timeline tells more of one message, and this goes on where logs go. Costs a query a batch.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from sms.models import Message

logger = logging.getLogger("cpaas.message")


def moved(status: str, message_ids: Sequence[int]) -> None:
    """Log that messages came to a status."""
    if not (settings.LOG_MESSAGES and message_ids):
        return
    columns = ("sid", "account__sid", "link__name", "error_code")
    for sid, account, link, code in _rows(message_ids, *columns):
        fields = {"account": account, "link": link, "status": status, "error_code": code}
        words = [word for word in (status, link, code) if word]
        logger.info("%s %s", sid, " ".join(map(str, words)), extra={"sid": sid, "fields": fields})


def told(answers: Sequence[tuple[int, str]]) -> None:
    """Log what servers answered to callbacks, each with the id of its message."""
    if not (settings.LOG_MESSAGES and answers):
        return
    sids = dict(_rows([id_ for id_, _ in answers], "id", "sid"))
    for id_, word in answers:
        if sid := sids.get(id_):
            logger.info("%s callback %s", sid, word, extra={"sid": sid})


def _rows(message_ids: Sequence[int], *columns: str) -> list[tuple[Any, ...]]:
    """Read messages; what is logged is written already, and no reason to fail."""
    try:
        found = Message.objects.filter(id__in=message_ids).order_by("id")
        return list(found.values_list(*columns))
    except (DatabaseError, InterfaceError) as error:
        reason = str(error).strip().split("\n")[0]
        logger.warning("steps of %s messages are not logged: %s", len(message_ids), reason)
        return []
