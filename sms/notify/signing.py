"""Accounts' signing secrets, opened one by one: one that does not open stops no other."""

import logging
import time
from collections.abc import Collection
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import TextField
from django.db.models.functions import Cast

from accounts.models import Account
from accounts.secrets import decrypt

logger = logging.getLogger(__name__)

DOES_NOT_OPEN = "not posted: the account's signing secret does not open with ENCRYPTION_KEY"


class Secrets:
    """Opens secrets, and says once of each account that its own does not open."""

    def __init__(self) -> None:
        self._known: dict[int, str | None] = {}
        self._known_until = 0.0
        self._told: set[int] = set()

    def of(self, account_ids: Collection[int]) -> dict[int, str]:
        """Open the secrets of accounts; those that do not open are left out."""
        if time.monotonic() > self._known_until:
            self._known_until = time.monotonic() + settings.CACHE_SECONDS
            self._known = {}
        self._learn([id_ for id_ in account_ids if id_ not in self._known])
        found = ((id_, self._known.get(id_)) for id_ in account_ids)
        return {id_: secret for id_, secret in found if secret}

    def _learn(self, account_ids: Collection[int]) -> None:
        if not account_ids:
            return
        # As they are stored: the field itself would open all of them, or fail.
        stored = Account.objects.filter(id__in=account_ids).values_list(
            "id", Cast("signing_secret", TextField())
        )
        for account_id, text in stored:
            self._known[account_id] = self._open(account_id, text)

    def _open(self, account_id: int, stored: str) -> str | None:
        try:
            return _decrypted(stored)
        except ImproperlyConfigured as error:
            if account_id not in self._told:
                self._told.add(account_id)
                logger.error("callbacks of account %s are not posted: %s", account_id, error)
            return None


@lru_cache(maxsize=1024)
def _decrypted(stored: str) -> str:
    """Decrypt; what opened once is remembered, since it costs as much as all the signing."""
    return decrypt(stored)
