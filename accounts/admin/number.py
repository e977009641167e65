"""Numbers: what accounts send from, and where inbound messages go."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.verbs import VerbAdmin, become
from accounts.models import PhoneNumber
from accounts.provisioning.numbers import NumberSettings, add_number, remove_number, update_number


@admin.register(PhoneNumber)
class PhoneNumberAdmin(VerbAdmin[PhoneNumber]):
    """Which senders an account has."""

    when_empty = "Numbers and names that accounts send from are listed here."
    list_display = ("number", "kind", "account", "sms_enabled", "sms_url")
    list_select_related = ("account",)
    list_filter = ("kind", "sms_enabled")
    search_fields = ("number", "key", "account__sid", "account__friendly_name")
    search_help_text = "Digits, or an account's sid or name."
    autocomplete_fields = ("account",)
    fieldsets = (
        (None, {"fields": ("number", "account", ("friendly_name", "sms_enabled"))}),
        (
            "Inbound messages",
            {
                "fields": (
                    ("sms_url", "sms_method"),
                    ("sms_fallback_url", "sms_fallback_method"),
                ),
                "description": "What somebody writes to this number is stored, and told to the "
                "first address, signed. Its answer may hold replies. The second is asked when "
                "the first fails; then both again for 24 hours. Empty: stored, and nobody is told. "
                "A name such as “Shop” receives nothing.",
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: PhoneNumber | None = None) -> Any:
        """Keep a number where it is: it is removed from one account and added to another."""
        return ("account", "number") if obj else ()

    def save_model(self, request: HttpRequest, obj: PhoneNumber, form: Any, change: bool) -> None:
        """Add or change a number."""
        settings = NumberSettings(
            friendly_name=obj.friendly_name or obj.number,
            sms_enabled=obj.sms_enabled,
            sms_url=obj.sms_url,
            sms_method=obj.sms_method,
            sms_fallback_url=obj.sms_fallback_url,
            sms_fallback_method=obj.sms_fallback_method,
        )
        if change:
            update_number(obj.account_id, obj.sid, settings)
        else:
            become(obj, add_number(obj.account_id, obj.number, settings))

    def delete_model(self, request: HttpRequest, obj: PhoneNumber) -> None:
        """Take a number away."""
        remove_number(obj.account_id, obj.sid)
