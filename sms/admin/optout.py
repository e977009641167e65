"""Opt-outs: who wants no more messages from which number."""

from django.contrib import admin
from django.http import HttpRequest

from cpaas.pages import ModelAdmin
from sms.models import OptOut


@admin.register(OptOut)
class OptOutAdmin(ModelAdmin[OptOut]):
    """To look at, and to lift by deleting: START does the same."""

    list_display = ("person", "number", "account", "word", "since")
    list_select_related = ("account",)
    list_per_page = 50
    search_fields = ("person", "number", "account__sid")
    search_help_text = "Digits of either number, or an account's sid."
    show_full_result_count = False
    ordering = ("-id",)
    fields = ("account", "number", "person", "word", "since")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People write STOP; for those who ask otherwise there is `manage.py optout add`."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: OptOut | None = None) -> bool:
        """What somebody wrote stays as it was."""
        return False
