"""The account for what belongs to nobody: messages to numbers that no account has.

A closed one, so that nobody can log in to it; operators find its messages in the admin.
"""

from accounts import sids
from accounts.models import Account

SID = "AC" + "0" * (sids.SID_LENGTH - 2)


def unrouted() -> Account:
    """Return the account, made when it is first needed. Source: sms-api 7.1."""
    account, _ = Account.objects.get_or_create(
        sid=SID, defaults={"friendly_name": "Unrouted", "status": Account.Status.CLOSED}
    )
    return account
