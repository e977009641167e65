"""Callbacks whose worker or whose time is gone, and old attempts."""

from django.conf import settings

from sms import outbox
from sms.sweep.batch import BATCH


def release_dead_callbacks() -> int:
    """Take back callbacks whose worker is gone: posted or not, they are posted again."""
    return outbox.release_callbacks()


def give_up_callbacks() -> int:
    """Fail callbacks that waited out their time at a host that is not tried."""
    return outbox.give_up_callbacks(after_s=settings.CALLBACK_GIVE_UP_S, limit=BATCH)


def prune_attempts() -> int:
    """Remove attempts that are old enough."""
    return outbox.prune_attempts(kept_s=settings.CALLBACK_ATTEMPTS_KEPT_S, limit=BATCH)
