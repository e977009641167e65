"""The operators' block list."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from cpaas.pages import ModelAdmin
from sms.models import Block


@admin.register(Block)
class BlockAdmin(ModelAdmin[Block]):
    """Recipients that nothing is sent to."""

    list_display = ("pattern", "account", "note", "added_by", "added_at")
    list_select_related = ("account",)
    list_filter = ("is_prefix",)
    search_fields = ("digits", "note", "account__sid")
    search_help_text = "Digits, words of the note, or an account's sid."
    autocomplete_fields = ("account",)
    fields = ("digits", "is_prefix", "account", "note", ("added_by", "added_at"))
    readonly_fields = ("added_by", "added_at")

    def save_model(
        self, request: HttpRequest, obj: Block, form: ModelForm[Block], change: bool
    ) -> None:
        """Note who blocks."""
        obj.added_by = obj.added_by or request.user.get_username()
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: Block | None = None) -> Any:
        """Keep what is blocked as it is: another number is another block."""
        return (*self.readonly_fields, "digits", "is_prefix") if obj else self.readonly_fields
