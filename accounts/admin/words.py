"""Accounts as lists of other things name them."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Account


def named(account: Account) -> SafeString:
    """Name an account, and lead there: its sid would fill half a list, and is on that page."""
    page = reverse("admin:accounts_account_change", args=[account.pk])
    return format_html('<a class="text-link" href="{}">{}</a>', page, account.friendly_name)
