"""Auth tokens: a new one, while the old one may go on for some time."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import memory
from accounts.models import Account
from accounts.provisioning.rows import hold_open
from accounts.secrets import new_token


def rotate_token(account_id: int, *, grace_s: int) -> Account:
    """Give an account another token; the one before it opens for `grace_s` seconds more.

    One older than that ends now, whatever was said of it. Raises Refused.
    """
    with transaction.atomic():
        account = hold_open(account_id)
        account.old_token_digest = account.auth_token_digest if grace_s else ""
        account.old_token_until = timezone.now() + timedelta(seconds=grace_s) if grace_s else None
        account.auth_token = new_token()
        account.save()
        memory.forget()
    return account
