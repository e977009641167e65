"""Numbers: what accounts send from, and where inbound messages go."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts import numbers
from accounts.admin import words
from accounts.admin.verbs import VerbAdmin, become
from accounts.models import PhoneNumber
from accounts.provisioning.numbers import (
    TAKEN,
    NumberSettings,
    add_number,
    is_somebodys,
    remove_number,
    update_number,
)


class NumberForm(forms.ModelForm[PhoneNumber]):
    """A number as people write it."""

    def clean_number(self) -> str:
        """Leave out what stands between its digits; say here that it is somebody's already."""
        number = numbers.unspaced(self.cleaned_data["number"])
        if is_somebodys(number):
            raise forms.ValidationError(TAKEN)
        return number


@admin.register(PhoneNumber)
class PhoneNumberAdmin(VerbAdmin[PhoneNumber]):
    """Which senders an account has."""

    form = NumberForm
    when_empty = "Numbers and names that accounts send from are listed here."
    list_display = ("number", "shown_kind", "whose", "sms_enabled", "told")
    list_select_related = ("account",)
    list_filter = ("kind", "sms_enabled")
    search_fields = ("number", "key", "account__sid", "account__friendly_name")
    search_help_text = "Digits, or an account's sid or name."
    autocomplete_fields = ("account",)
    labels = {
        "friendly_name": "Name",
        "sms_enabled": "In use",
        "sms_url": "URL",
        "sms_method": "Method",
        "sms_fallback_url": "Fallback URL",
        "sms_fallback_method": "Method of the fallback",
    }
    help_texts = {
        "number": "With its country code, as +49 30 901820; a short code; or a name of up to 11 "
        "letters and digits.",
        "friendly_name": "For people. Empty: the number itself.",
        "sms_enabled": "Off: nothing is sent from it, and what comes in is not told.",
        "sms_url": "Asked when a message comes in.",
        "sms_fallback_url": "Asked when the first fails.",
    }
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
                "URL, signed; its answer may hold replies. Where it fails the fallback is asked, "
                "then both again for 24 hours. Empty: stored, and nobody is told. A name such as "
                "“Shop” receives nothing.",
            },
        ),
    )

    @admin.display(description="kind", ordering="kind")
    def shown_kind(self, number: PhoneNumber) -> str:
        """Say it in a word."""
        return "name" if number.kind == PhoneNumber.Kind.ALPHANUMERIC else "number"

    @admin.display(description="account", ordering="account__friendly_name")
    def whose(self, number: PhoneNumber) -> SafeString:
        """Name the account that has it."""
        return words.named(number.account)

    @admin.display(description="inbound messages are told to", ordering="sms_url")
    def told(self, number: PhoneNumber) -> str:
        """Say where what people write to it goes."""
        return number.sms_url or "nobody"

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Write methods as HTTP does."""
        if db_field.name.endswith("method"):
            kwargs["choices"] = [(method, method) for method in PhoneNumber.Method.values]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

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
